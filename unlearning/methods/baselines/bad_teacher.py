"""Bad teacher: an untrained codec teaches the forget set, and the original teaches the retain set."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from semlink.simulator.optimisation import Loss
from semlink.unlearning.contract import Erasure, ErasureContext, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent, End
from semlink.unlearning.methods.parts.gradient_method import GradientMethod
from semlink.unlearning.methods.parts.retain_objective import retain_plan
from semlink.unlearning.methods.parts.teacher import beside_teacher


@dataclass(frozen=True)
class BadTeacher(GradientMethod):
    """Imitates the original on the retain set and an untrained codec on the forget set.

    loss = mean D(original || erased; x_r) + lambda * mean D(untrained || erased; x_e)

    D compares what receivers believe after the channel, each behind its own sender, in the same noise.

    Fields: share: of the training steps (0.1). forget_weight: lambda (1). temperature: of the beliefs (1).
            rate: peak learning rate (None: that of training). end: of the link that learns ("both").
    Reads:  forget set, retain set.   Errors: ErasureError when a set is empty, or the loss leaves the range of numbers.
    Source: Chundawat et al., Can bad teaching induce forgetting?, AAAI 2023, with one epoch over the
            forget set and 30 % of the retain set, mixed. Differs: as many records of each set in a step, so that lambda
            alone weighs the forget set.
    """

    share: float = 0.1
    forget_weight: float = 1.0
    temperature: float = 1.0
    rate: float | None = None
    end: End = "both"

    name: ClassVar[str] = "bad-teacher"
    phase: ClassVar[str] = "bad teacher"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "forget_weight", "temperature", "rate"))

    def plan(self, context: ErasureContext) -> Descent:
        return retain_plan(self.share, self.rate, self.end, context)

    def make_loss(self, erasure: Erasure) -> Loss:
        original, erased, context = erasure.original, erasure.erased, erasure.context
        untrained = context.fresh().eval().requires_grad_(False)
        forget, retain = erasure.batches("forget"), erasure.batches("retain")

        def loss(step: int, generator: torch.Generator) -> Tensor:
            kept, _ = beside_teacher(erased, original, retain[step], context, generator, self.temperature)
            lost, _ = beside_teacher(erased, untrained, forget[step], context, generator, self.temperature)
            return kept.mean() + self.forget_weight * lost.mean()

        return loss
