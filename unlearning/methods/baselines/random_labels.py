"""Random labels: the forget set is learned again with wrong targets."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from semlink.simulator.optimisation import Loss
from semlink.unlearning.contract import Erasure, ErasureContext, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent, End, send
from semlink.unlearning.methods.parts.gradient_method import GradientMethod
from semlink.unlearning.methods.parts.retain_objective import retain_objective, retain_plan


@dataclass(frozen=True)
class RandomLabels(GradientMethod):
    """Teaches random targets for the forget set, drawn anew in each step, and continues training on the retain set.

    loss = retain_objective(x_r) + lambda * mean rec(random target; x_e sent)

    The target of a class is any class, that of a word any word, and that of an image another of its batch, so that an
    image tends to the mean of the forget set.

    Fields: share: of the training steps (0.1). forget_weight: lambda (1). rate: peak learning rate (None: that of
            training). end: of the link that learns ("both").
    Reads:  forget set, retain set.   Errors: ErasureError when a set is empty, or the loss leaves the range of numbers.
    Source: Golatkar, Achille and Soatto, Eternal sunshine of the spotless net, CVPR 2020; as a baseline of Fan et al.
            (SalUn), ICLR 2024, 10 epochs. Differs: both sets in every step instead of in turn.
    """

    share: float = 0.1
    forget_weight: float = 1.0
    rate: float | None = None
    end: End = "both"

    name: ClassVar[str] = "random-labels"
    phase: ClassVar[str] = "random labels"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "forget_weight", "rate"))

    def plan(self, context: ErasureContext) -> Descent:
        return retain_plan(self.share, self.rate, self.end, context)

    def make_loss(self, erasure: Erasure) -> Loss:
        return random_label_loss(erasure, self.forget_weight)


def random_label_loss(erasure: Erasure, forget_weight: float) -> Loss:
    """The loss of `RandomLabels`, in batches as large as those of training."""
    erased, context = erasure.erased, erasure.context
    forget, retain = erasure.batches("forget"), erasure.batches("retain")

    def loss(step: int, generator: torch.Generator) -> Tensor:
        lost, kept = forget[step], retain[step]
        objective = retain_objective(erased, kept, context, generator)
        reception = send(erased, lost, context, generator).reception
        return objective + forget_weight * erased.loss(erased.mislabel(lost, generator), reception).mean()

    return loss
