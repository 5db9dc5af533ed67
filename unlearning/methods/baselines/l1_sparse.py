"""L1-sparse: fine-tuning on the retain set with a penalty that first prunes and then fades."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from semlink.simulator.batches import batch_of
from semlink.simulator.optimisation import Loss
from semlink.simulator.sources.subset import subset
from semlink.simulator.training import HELD_OUT, mean_loss
from semlink.unlearning.contract import Erasure, ErasureContext, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent, End, end_parameters
from semlink.unlearning.methods.parts.gradient_method import GradientMethod
from semlink.unlearning.methods.parts.retain_objective import retain_objective, retain_plan


@dataclass(frozen=True)
class L1Sparse(GradientMethod):
    """Continues training on the retain set, with a penalty on the size of all weights that falls linearly to 0.

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

    name: ClassVar[str] = "l1-sparse"
    phase: ClassVar[str] = "l1-sparse"
    reads: ClassVar[tuple[Reads, ...]] = ("retain",)

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "gamma", "rate"))

    def plan(self, context: ErasureContext) -> Descent:
        return retain_plan(self.share, self.rate, self.end, context)

    def make_loss(self, erasure: Erasure) -> Loss:
        erased, context = erasure.erased, erasure.context
        retain, steps = erasure.batches("retain"), self.plan(context).steps
        sample = subset(erasure.partition.retain, HELD_OUT, context.seed)
        law = context.training.snr_db
        original_loss = mean_loss(erased, batch_of(erased, sample), context.channel, law, context.seed)
        learning = end_parameters(erased, self.end)
        weight = self.gamma * original_loss / sum(parameter.abs().sum().item() for parameter in learning)
        erasure.samples += len(sample)
        erasure.notes["penalty_weight"] = weight

        def loss(step: int, generator: torch.Generator) -> Tensor:
            objective = retain_objective(erased, retain[step], context, generator)
            size = torch.stack([parameter.abs().sum() for parameter in learning]).sum()
            return objective + weight * (1 - step / steps) * size

        return loss
