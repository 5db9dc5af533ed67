"""A gradient method: how it steps and what loss a step lowers, and nothing else."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.optimisation import Loss
from semlink.unlearning.contract import Erasure, ErasureContext, Method
from semlink.unlearning.methods.parts.descent import Descent, descend


@dataclass(frozen=True)
class GradientMethod(Method):
    """A method that changes a copy of the codec by the steps of a plan, each along the gradient of a loss.

    phase: of its steps. The random numbers of a step depend on the seed, the phase and the number of the step.
    """

    phase: ClassVar[str]

    @abstractmethod
    def plan(self, context: ErasureContext) -> Descent:
        """How the steps are taken."""

    @abstractmethod
    def make_loss(self, erasure: Erasure) -> Loss:
        """The loss of a step of `erasure.erased`, from the number of the step and its generator."""

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        descend(erasure, self.make_loss(erasure), self.plan(erasure.context), self.phase)
        return erasure.erased
