"""The contract of an unlearning method: a trained codec and a partition in, a new codec out."""

import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, final

from semlink.channels.contract import Channel
from semlink.codecs.contract import Trait
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError
from semlink.simulator.batch_transform import BatchTransform
from semlink.simulator.batches import Batches
from semlink.simulator.sources.contract import Record
from semlink.simulator.training_settings import TrainingSettings
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

    def check(self, sets: Sequence[Reads]) -> None:
        """Checks that none of these sets is empty. Errors: ErasureError when one has no records."""
        for name in sets:
            if not getattr(self, name):
                raise ErasureError(f"The {name} set has no records; change the selection of the request.")


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


class Erasure:
    """An erasure while it is carried out: what a method works on, and what it has taken so far.

    codec:    the given codec, which stays as it is.
    reads:    the sets that are read, each of which has records.
    steps, samples: optimiser steps and records read so far. `descend` counts the steps, and `CountedBatches` count
              the records; a method adds what it takes beside them.
    notes:    facts for the certificate.
    earlier_seconds: the time that this erasure took before it was stopped and resumed.
    """

    def __init__(
        self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext, reads: Sequence[Reads] = ()
    ) -> None:
        self.codec, self.partition, self.context = codec, partition, context
        self.reads: list[Reads] = list(reads)
        self.steps = 0
        self.samples = 0
        self.notes: dict[str, float | str] = {}
        self.earlier_seconds = 0.0

    @cached_property
    def original(self) -> NeuralCodec[Any]:
        """A frozen copy of the given codec, without dropout."""
        original: NeuralCodec[Any] = copy.deepcopy(self.codec).eval().requires_grad_(False)
        return original

    @cached_property
    def erased(self) -> NeuralCodec[Any]:
        """A copy of the given codec to be changed in place, without dropout, whose noise no forgetting needs."""
        erased: NeuralCodec[Any] = copy.deepcopy(self.codec).eval()
        return erased

    def read(self, name: Reads) -> None:
        """Adds a set to those that are read. Errors: ErasureError when it has no records."""
        self.partition.check([name])
        if name not in self.reads:
            self.reads.append(name)

    def batches(self, name: Reads, size: int | None = None) -> "CountedBatches":
        """Batches of a set, in a random order of its own, of `size` records or of as many as in training."""
        return CountedBatches(self, getattr(self.partition, name), size or self.context.training.batch, name)

    def equal_batches(self, size: int) -> tuple["CountedBatches", "CountedBatches"]:
        """Batches of the forget and of the retain set, equally large, of at most `size` records."""
        size = min(size, len(self.partition.forget), len(self.partition.retain))
        return self.batches("forget", size), self.batches("retain", size)


class CountedBatches(Batches):
    """Batches that add to `erasure.samples` what is taken of them."""

    def __init__(self, erasure: Erasure, records: Sequence[Record], size: int, name: str) -> None:
        super().__init__(erasure.codec, records, size, erasure.context.seed, name, erasure.codec.device)
        self._erasure = erasure

    def __getitem__(self, step: int) -> Any:
        self._erasure.samples += self.size
        return super().__getitem__(step)


class Method(ABC):
    """One way to make a codec forget. It leaves the given codec untouched and never sees the test split.

    name: in the registry. reads: the sets that it may read. needs: what a codec must be for the method to be defined
    on it.
    """

    name: ClassVar[str]
    reads: ClassVar[tuple[Reads, ...]]
    needs: ClassVar[frozenset[Trait]] = frozenset()

    @classmethod
    def defined_on(cls, codec: type[NeuralCodec[Any]]) -> bool:
        """Whether the method is defined on codecs of a kind."""
        return cls.needs <= codec.traits

    @final
    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        """A new codec without the influence of `partition.forget`. Errors: ErasureError when that cannot be done."""
        sets = self.sets(codec, partition)
        partition.check(sets)
        began = time.monotonic()
        erasure = Erasure(codec, partition, context, sets)
        erased = self.carry_out(erasure)
        seconds = erasure.earlier_seconds + time.monotonic() - began
        return ErasedCodec(erased, tuple(erasure.reads), seconds, erasure.steps, erasure.samples, erasure.notes)

    def sets(self, codec: NeuralCodec[Any], partition: Partition) -> tuple[Reads, ...]:
        """The sets that it reads for this codec and request: all of `reads`, unless a method knows better."""
        return self.reads

    @abstractmethod
    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        """The erased codec; steps, samples and notes go into `erasure`. Errors: ErasureError, as of `erase`."""
