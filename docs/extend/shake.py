"""An unlearning method: shake the weights, then let the retain set settle them."""

from dataclasses import dataclass

import torch

import semlink as sl
from semlink.unlearning.methods.parts.descent import descend
from semlink.unlearning.methods.parts.retain_objective import retain_objective, retain_plan


@sl.register("method", "shake")
@dataclass(frozen=True)
class Shake(sl.Method):
    """Adds noise to every weight, `noise` times the spread of its tensor, and trains on with the retain set."""

    noise: float = 0.3
    share: float = 0.1  # of the steps of training
    reads = ("retain",)

    def carry_out(self, erasure: sl.Erasure) -> sl.NeuralCodec:
        codec, context, retain = erasure.erased, erasure.context, erasure.batches("retain")
        draws = torch.Generator().manual_seed(context.seed)
        with torch.no_grad():
            for weights in codec.parameters():
                noise = torch.randn(weights.shape, generator=draws).to(weights.device)
                weights += self.noise * weights.std(correction=0) * noise
        plan = retain_plan(self.share, None, "both", context)
        descend(erasure, lambda step, g: retain_objective(codec, retain[step], context, g), plan, self.name)
        return codec
