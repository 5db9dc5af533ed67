"""L1-sparse: fine-tuning on the retain set with a penalty that first prunes and then fades."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.batches import batch_of
from semlink.simulator.sources.subset import subset
from semlink.simulator.training import HELD_OUT, mean_loss
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import End, descend, end_parameters, send, working_copies
from semlink.unlearning.methods.parts.retain_objective import batches_of, retain_objective, retain_plan


@dataclass(frozen=True)
class L1Sparse(Method):
    """Goes on training on the retain set, with a penalty on the size of all weights that falls linearly to 0.

    loss = retain_objective(x_r) + gamma (1 - t / T) L_0 |w|_1 / |w_0|_1     in step t of T

    L_0 is the loss of the original on at most 1024 retained records and w_0 its weights, so that at the first step the
    penalty is gamma times the loss for every codec.

    Fields: share: of the training steps (0.1). gamma: weight of the penalty, in units of the loss (1).
            rate: peak learning rate (None: that of training). end: of the link that learns ("both").
    Reads:  retain set.   Errors: ErasureError when it is empty, or the loss leaves the range of numbers.
    Source: Jia et al., Model sparsity can simplify machine unlearning, NeurIPS 2023.
            Differs: published weights multiply |w|_1 as it stands (1e-4 to 1e-3, classifiers with cross-entropy); a
            squared error is a hundred times smaller, and such a weight leaves nothing of an image codec.
    """

    share: float = 0.1
    gamma: float = 1.0
    rate: float | None = None
    end: End = "both"

    reads: ClassVar[tuple[Reads, ...]] = ("retain",)

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "gamma", "rate"))

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, self.reads)
        began = time.monotonic()
        original, erased = working_copies(codec)
        retain = batches_of(erased, partition, "retain", context)
        looked_at = subset(partition.retain, HELD_OUT, context.seed)
        law = context.training.snr_db
        first = mean_loss(original, batch_of(original, looked_at), context.channel, law, context.seed)
        learning = end_parameters(erased, self.end)
        unit = self.gamma * first / sum(parameter.abs().sum().item() for parameter in learning)
        plan = retain_plan(self.share, self.rate, self.end, context)

        def loss(step: int, generator: torch.Generator) -> Tensor:
            batch = retain[step]
            taught = retain_objective(erased, batch, send(erased, batch, context, generator), context, generator)
            size = torch.stack([parameter.abs().sum() for parameter in learning]).sum()
            return taught + unit * (1 - step / plan.steps) * size

        done = descend(erased, loss, plan, context, "l1-sparse")
        notes: dict[str, float | str] = {"penalty_weight": unit}
        samples = done * retain.size + len(looked_at)
        return ErasedCodec(erased, self.reads, time.monotonic() - began, done, samples, notes)
