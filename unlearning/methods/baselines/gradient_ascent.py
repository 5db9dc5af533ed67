"""Gradient ascent on the forget set: the simplest way to forget, which damages all else too."""

from dataclasses import dataclass
from typing import ClassVar

from semlink.simulator.optimisation import Loss
from semlink.unlearning.contract import Erasure, ErasureContext, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent, End, sent_loss
from semlink.unlearning.methods.parts.gradient_method import GradientMethod


@dataclass(frozen=True)
class GradientAscent(GradientMethod):
    """Raises the loss on the forget set, and reads nothing else.

    loss = -mean rec(x_e)

    It has no lower bound: every further step damages the codec further, on all data. `steps` and `rate` are therefore
    part of the method and not a budget.

    Fields: steps: Adam steps (20). rate: learning rate, constant (1e-4). batch: records a step (64). clip: largest
            gradient norm (1). end: of the link that learns ("both").
    Reads:  forget set.   Errors: ErasureError when it is empty, or the codec is damaged beyond numbers.
    Source: NegGrad of the unlearning literature; 20 steps at 1e-4 removed a trigger and 6 dB from MNIST codecs.
    """

    steps: int = 20
    rate: float = 1e-4
    batch: int = 64
    clip: float = 1.0
    end: End = "both"

    name: ClassVar[str] = "gradient-ascent"
    phase: ClassVar[str] = "gradient ascent"
    reads: ClassVar[tuple[Reads, ...]] = ("forget",)

    def __post_init__(self) -> None:
        check_numbers(self, positive=("steps", "rate", "batch", "clip"))

    def plan(self, context: ErasureContext) -> Descent:
        return Descent(self.steps, self.rate, decay=False, clip=self.clip, end=self.end)

    def make_loss(self, erasure: Erasure) -> Loss:
        forget = erasure.batches("forget", self.batch)
        return lambda step, generator: -sent_loss(erasure.erased, forget[step], erasure.context, generator)
