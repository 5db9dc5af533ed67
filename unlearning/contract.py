"""The contract of an unlearning method: a trained codec and a partition in, a new codec out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from semlink.channels.contract import Channel
from semlink.codecs.contract import NeuralCodec, Trait
from semlink.simulator.batch_transform import BatchTransform
from semlink.simulator.sources.contract import Record
from semlink.simulator.training import TrainingSettings
from semlink.unlearning.methods.mnemonic.codes import MnemonicCodes

Reads = Literal["forget", "retain", "validation"]


@dataclass(frozen=True)
class Partition:
    """The records that training used, divided by an erasure request.

    forget: to be erased. retain: the rest of the training split. validation: the rest of the validation split.
    test:   unseen records that the request does not match; for measuring, never shown to a method.
    forget_test: unseen records that it does match, such as those of a class; for measuring too.
    terms:  where the request names words, those words in lower case.
    labels: where it names classes, their numbers.
    """

    forget: Sequence[Record]
    retain: Sequence[Record]
    validation: Sequence[Record]
    test: Sequence[Record]
    terms: tuple[str, ...] = ()
    forget_test: Sequence[Record] = ()
    labels: tuple[int, ...] = ()


@dataclass(frozen=True)
class ErasureContext:
    """What a method knows beside the codec and the partition.

    channel, training: the channel and the settings that the codec was trained with.
    fresh:      makes an untrained codec of the same configuration and vocabulary.
    checkpoint: a file for stopped work to resume from, or None.
    transform:  what changed the batches of training, where something did.
    codes:      the mnemonic codes of the classes, where training mixed some in and they are there.
    """

    channel: Channel
    training: TrainingSettings
    seed: int
    fresh: Callable[[], NeuralCodec[Any]]
    label: str = "erase"
    checkpoint: Path | None = None
    transform: BatchTransform | None = None
    codes: MnemonicCodes | None = None


@dataclass(frozen=True)
class ErasedCodec:
    """A codec after unlearning, and what it took.

    reads: the sets that the method read. steps: optimiser steps. samples: records read, counted with repetition.
    notes: facts of the run that a certificate should hold (such as why it stopped).
    """

    codec: NeuralCodec[Any]
    reads: tuple[Reads, ...]
    seconds: float
    steps: int
    samples: int
    notes: dict[str, float | str] = field(default_factory=dict)


class Method(ABC):
    """One way to make a codec forget. It leaves the given codec untouched and never sees the test split.

    reads: the sets that it may read. needs: what a codec must be for the method to be defined on it.
    """

    reads: ClassVar[tuple[Reads, ...]]
    needs: ClassVar[frozenset[Trait]] = frozenset()

    @classmethod
    def defined_on(cls, codec: type[NeuralCodec[Any]]) -> bool:
        """Whether the method is defined on codecs of a kind."""
        return cls.needs <= codec.traits

    @abstractmethod
    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        """A new codec without the influence of `partition.forget`. Errors: ErasureError when that cannot be done."""
