"""NegGrad+: down on the retain set and up on the forget set in the same step."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from semlink.errors import WrongField
from semlink.simulator.optimisation import Loss
from semlink.unlearning.contract import Erasure, ErasureContext, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent, End, sent_loss
from semlink.unlearning.methods.parts.gradient_method import GradientMethod
from semlink.unlearning.methods.parts.retain_objective import retain_objective, retain_plan


@dataclass(frozen=True)
class NegativeGradientPlus(GradientMethod):
    """Continues training on the retain set and raises the loss on the forget set.

    loss = alpha * retain_objective(x_r) - (1 - alpha) * mean rec(x_e)

    The second term has no lower bound where the loss has none (cross-entropy), so that alpha and the number of steps
    belong to the method.

    Fields: share: of the training steps (0.1). alpha: weight of the retain set, between 0 and 1 (0.95).
            rate: peak learning rate (None: that of training). end: of the link that learns ("both").
    Reads:  forget set, retain set.
    Errors: ErasureError when a set is empty, or the codec is damaged beyond numbers.
    Source: Kurmanji et al., Towards unbounded machine unlearning, NeurIPS 2023, whose released code has alpha 0.95
            (small sets; 0.9999 against membership tests) and 10 epochs at 0.01.
    """

    share: float = 0.1
    alpha: float = 0.95
    rate: float | None = None
    end: End = "both"

    name: ClassVar[str] = "neggrad-plus"
    phase: ClassVar[str] = "neggrad-plus"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "alpha", "rate"))
        if self.alpha >= 1:
            raise WrongField(f"neggrad-plus cannot take alpha={self.alpha}; give a number between 0 and 1.")

    def plan(self, context: ErasureContext) -> Descent:
        return retain_plan(self.share, self.rate, self.end, context)

    def make_loss(self, erasure: Erasure) -> Loss:
        erased, context = erasure.erased, erasure.context
        forget, retain = erasure.batches("forget"), erasure.batches("retain")

        def loss(step: int, generator: torch.Generator) -> Tensor:
            kept = retain_objective(erased, retain[step], context, generator)
            lost = sent_loss(erased, forget[step], context, generator)
            return self.alpha * kept - (1 - self.alpha) * lost

        return loss
