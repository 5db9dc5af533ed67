"""The contract of an audit: the versions of one codec in, result rows out, so that forgetting can be shown to fail."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from semlink.channels import name_of
from semlink.channels.contract import Channel
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import AuditError, WrongField
from semlink.simulator.intervals import Interval
from semlink.simulator.measure import Measure
from semlink.simulator.results import Row
from semlink.simulator.sweep import Entry
from semlink.unlearning.contract import Partition
from semlink.version import __version__

VERSIONS = ("original", "erased", "retrained")


@dataclass(frozen=True)
class AuditContext:
    """Under what an audit looks.

    channel: a channel, or the name of one. snr_db: Es/N0 in dB. experiment: what rows call it.
    """

    experiment: str
    channel: str | Channel
    snr_db: float
    seed: int

    def row(
        self,
        entry: Entry,
        set_name: str,
        measure: Measure,
        interval: Interval,
        draws: int,
        minus: str | None = None,
    ) -> Row:
        """One number of a version on one set of records; with `minus`, its difference from that version."""
        return Row(
            experiment=self.experiment, codec=entry.name, version=entry.version, method=entry.method,
            channel=name_of(self.channel), snr_db=self.snr_db, set=set_name, metric=measure.name, value=interval.value,
            low=interval.low, high=interval.high, confidence=interval.confidence, n=interval.n, unit=measure.unit,
            seed=self.seed, code_version=__version__, draws=draws, minus=minus,
        )  # fmt: skip


class Audit(ABC):
    """One question put to the original, the erased and the retrained codec alike. It changes none of them.

    name: as the registry and the command line call it. measures: what the numbers of its rows are.
    least: of fields that count something, the smallest number that makes sense; an audit with a smaller one is not
    made (WrongField).
    """

    name: ClassVar[str]
    measures: ClassVar[Mapping[str, Measure]]
    least: ClassVar[Mapping[str, int]] = {}

    def __post_init__(self) -> None:  # what a dataclass calls
        for field, number in self.least.items():
            if getattr(self, field) < number:
                raise WrongField(f"{self.name} cannot take {field}={getattr(self, field)}; give at least {number}.")

    @abstractmethod
    def run(self, entries: Sequence[Entry], partition: Partition, context: AuditContext) -> list[Row]:
        """Rows of every version. Errors: AuditError when a version, or a set that it needs, is missing."""


def first_retrained(entries: Sequence[Entry]) -> int:
    """The place of the retrained codec from which differences are taken. Errors: StopIteration when there is none."""
    return next(place for place, entry in enumerate(entries) if entry.version == "retrained")


def versions_of(entries: Sequence[Entry], every: bool = False) -> list[tuple[Entry, NeuralCodec[Any]]]:
    """The original first, then every erased codec, then the retrained one, or `every` one where there are several.

    Errors: AuditError when one is missing: without the retrained codec a number says nothing about forgetting.
    """
    chosen = []
    for version in VERSIONS:
        present = [entry for entry in entries if entry.version == version and isinstance(entry.codec, NeuralCodec)]
        if not present:
            method = "retrain" if version == "retrained" else "METHOD"
            cure = "semlink train RECIPE --out DIR" if version == "original" else f"semlink erase ... --method {method}"
            raise AuditError(f"There is no {version} codec, so forgetting cannot be judged; make one with: {cure}.")
        chosen += present if version == "erased" or (every and version == "retrained") else present[:1]
    return [(entry, entry.codec) for entry in chosen if isinstance(entry.codec, NeuralCodec)]
