"""Boundary expanding: erased records move into a class of their own, which is then cut off."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.errors import ErasureError
from semlink.seeding import generator_for
from semlink.unlearning.contract import Erasure, Method, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import descend, send
from semlink.unlearning.methods.parts.retain_objective import retain_plan


@dataclass(frozen=True)
class BoundaryExpand(Method):
    """The receiver gets one more class, a shadow, learns to give it to the erased records, and loses it again.

    Fields: share: of the training steps (0.05). rate: peak learning rate (None: a tenth of that of training).
    Reads:  forget set.   Errors: ErasureError when it is empty, the receiver does not end in a linear layer, or the
            loss leaves the range of numbers.
    Source: Chen, Gao, Liu, Peng and Wang, Boundary Unlearning, CVPR 2023: SGD at 1e-5, 10 epochs. Differs: Adam with
            decay; weights of the shadow are drawn like those beside it.
    """

    share: float = 0.05
    rate: float | None = None

    name: ClassVar[str] = "boundary-expand"
    reads: ClassVar[tuple[Reads, ...]] = ("forget",)
    needs: ClassVar[frozenset[Trait]] = frozenset({"classes"})

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "rate"))

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        erased, context = erasure.erased, erasure.context
        forget = erasure.batches("forget")
        last = _last_layer(erased)
        classes = last.out_features
        _widen(last, generator_for(context.seed, "shadow", device=erased.device))

        def loss(step: int, generator: torch.Generator) -> Tensor:
            batch = forget[step]
            prediction: Any = erased.predict(batch, send(erased, batch, context, generator).reception)
            return functional.cross_entropy(prediction.scores, torch.full_like(batch.labels, classes))

        rate = context.training.learning_rate / 10 if self.rate is None else self.rate
        descend(erasure, loss, retain_plan(self.share, rate, "both", context), "boundary expand")
        _narrow(last, classes)
        return erased


def _last_layer(codec: NeuralCodec[Any]) -> nn.Linear:
    last = list(codec.receiver[-1].modules())[-1]
    if not isinstance(last, nn.Linear) or codec.parts:
        raise ErasureError("boundary-expand needs one receiver that ends in a linear layer; choose boundary-shrink.")
    return last


def _widen(layer: nn.Linear, generator: torch.Generator) -> None:
    """Adds an output, whose weights are drawn with the spread of the others, and whose bias is their mean."""
    with torch.no_grad():
        size = layer.weight[:1].shape
        new = layer.weight.std() * torch.randn(size, generator=generator, device=layer.weight.device)
        layer.weight = nn.Parameter(torch.cat([layer.weight, new]))
        layer.bias = nn.Parameter(torch.cat([layer.bias, layer.bias.mean().unsqueeze(0)]))
    layer.out_features += 1


def _narrow(layer: nn.Linear, outputs: int) -> None:
    """Keeps the first outputs alone."""
    layer.weight = nn.Parameter(layer.weight.detach()[:outputs].clone())
    layer.bias = nn.Parameter(layer.bias.detach()[:outputs].clone())
    layer.out_features = outputs
