"""The contract of a forget target: what the erased records should become, and the loss that ends there."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from semlink.codecs.neural_codec import NeuralCodec
from semlink.simulator.link import Transmission
from semlink.simulator.training_settings import TrainingSettings


@dataclass(frozen=True)
class SentRecords:
    """Some records of a set after they were sent over the link.

    rows: which records of the set these are, int64 [batch]. snr_db: Es/N0 in dB of each, float32 [batch].
    """

    batch: Any
    rows: Tensor
    snr_db: Tensor
    sent: Transmission


class ForgetTarget(ABC):
    """What the erased records should become.

    name: as results call it. samples: records that were read to find it.
    """

    name: ClassVar[str]
    samples: int = 0

    @abstractmethod
    def plan(self, training: TrainingSettings) -> tuple[int, float]:
        """Steps and peak learning rate that suit it."""

    @abstractmethod
    def loss(self, codec: NeuralCodec[Any], lost: SentRecords, kept: SentRecords, weight: float) -> Tensor:
        """The loss of a step, of erased records (`lost`) with that weight and of retained ones (`kept`): one number."""

    def met(self, codec: NeuralCodec[Any], lost: SentRecords) -> bool:
        """Whether there is nothing left to do, judged on these erased records."""
        return False

    def chosen(self, forget: Any) -> Any:
        """The erased records that have a target; `rows` of `SentRecords` count among these."""
        return forget

    def aim(self, lost: SentRecords) -> Any:
        """The batch as it should be received. The brake pulls representations to that of this batch."""
        return lost.batch

    def notes(self) -> dict[str, float | str]:
        """Facts for the certificate."""
        return {}
