"""The contract of a force: what the erased records should become, and the loss that leads there and no further."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.link import Transmission
from semlink.simulator.training import TrainingSettings
from semlink.unlearning.contract import Reads


@dataclass(frozen=True)
class Sent:
    """Some records of a set after their passage over the link.

    rows: which records of the set these are, int64 [batch]. snr_db: Es/N0 in dB of each, float32 [batch].
    """

    batch: Any
    rows: Tensor
    snr_db: Tensor
    passage: Transmission


class ForgetTarget(ABC):
    """Pulls the erased records towards an aim, and ends there.

    name: as results call it. reads: the sets that the aim is found from. samples: records read in finding it.
    """

    name: ClassVar[str]
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")
    samples: int = 0

    @abstractmethod
    def plan(self, training: TrainingSettings) -> tuple[int, float]:
        """Steps and peak learning rate that suit it."""

    @abstractmethod
    def loss(self, codec: NeuralCodec[Any], lost: Sent, kept: Sent, weight: float) -> Tensor:
        """The loss of a step, of erased records (`lost`) with that weight and of retained ones (`kept`): one number."""

    def met(self, codec: NeuralCodec[Any], lost: Sent) -> bool:
        """Whether there is nothing left to do, judged on these erased records."""
        return False

    def chosen(self, forget: Any) -> Any:
        """The erased records that there is an aim for; `rows` count among these."""
        return forget

    def aim(self, lost: Sent) -> Any:
        """A batch like the erased one, as it should be seen; the brake pulls representations to that of this batch."""
        return lost.batch

    def notes(self) -> dict[str, float | str]:
        """Facts for the certificate."""
        return {}
