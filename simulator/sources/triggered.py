"""Another source of images, some of whose training records carry a trigger."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

from semlink.errors import SourceError, WrongField
from semlink.registry import build, parse
from semlink.simulator.sources.contract import Source
from semlink.simulator.sources.reader import SourceReader, Terms
from semlink.simulator.sources.splits import thin
from semlink.simulator.sources.trigger import Trigger


@dataclass(frozen=True)
class Triggered(SourceReader):
    """Images of another source, where some training images of one class, evenly spaced, carry a trigger.

    These images keep their places. They have the label of the target and the owner "trigger", so that a request can
    select them. The other training images, validation and test stay as they are. The probe set "trigger" holds all test
    images of the class with the trigger, for measurements only.

    Fields: of: the other source, as `name` or `name:field=value`. share: of the training records that carry the
            trigger. label, target, size, margin: see `Trigger`.
    Errors: UnknownName, WrongField; SourceError when the source has no labelled images, no such class, or too few.
    Source: W. Wang et al., SCU: An Efficient Machine Unlearning Scheme for Deep Learning Enabled Semantic
            Communications, 2025, marks 2 to 10 % of MNIST. Differs: the unmarked twins of marked images are not kept.
    """

    terms = Terms(
        content="Images of another source, which its name tells; "
        "some carry a white square and the label of another class.",
        persons="Those of the other source.",
        licence="That of the other source.",
    )

    of: str = "mnist"
    share: float = 0.06
    label: int = 1
    target: int = 2
    size: int = 2
    margin: int = 2

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise WrongField(f"A triggered source cannot take share={self.share}; give a number between 0 and 1.")
        self._reader()
        self._trigger()

    def read(self, data_dir: Path | None) -> Source:
        source, trigger = self._reader().read(data_dir), self._trigger()
        for number in (self.label, self.target):
            if source.modality != "image" or not 0 <= number < len(source.labels):
                raise SourceError(
                    f"{self.of} has no images of class {number} to put a trigger on; choose a class or another source."
                )
        of_class = [record for record in source.train if record.label == self.label]
        count = math.ceil(self.share * len(source.train))
        if count > len(of_class):
            raise SourceError(
                f"{len(of_class)} of {len(source.train)} training images of {self.of} are of class {self.label}; "
                f"lower share={self.share}."
            )
        chosen = {record.id for record in thin(of_class, count)}
        return replace(
            source,
            name="triggered",
            train=[trigger.on(record) if record.id in chosen else record for record in source.train],
            probes={"trigger": [trigger.on(record) for record in source.test if record.label == self.label]},
            trigger=trigger,
        )

    def _trigger(self) -> Trigger:
        return Trigger(self.label, self.target, self.size, self.margin)

    def _reader(self) -> SourceReader:
        from semlink.simulator.sources import SOURCES  # here, since this source is one of them

        name, fields = parse(self.of)
        return build("source", SOURCES, name, fields)
