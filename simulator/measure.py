"""What a number in a result row is: its name, its unit, which direction is better, and how a reader is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Direction = Literal["higher", "lower", "none"]
Scale = Literal["share", "log", "free"]
IntervalKind = Literal["mean", "rate", "bootstrap", "exact", "other"]


@dataclass(frozen=True)
class Measure:
    """One kind of number. It is declared in the file that makes the number, and found by `measure_named`.

    name:      as rows call it. A setting may follow after a colon: "ssim:window=7".
    unit:      as rows have it: "dB", "nats", "s"; "1" for a number without a unit.
    direction: whether "higher" or "lower" values are better. "none": neither is, and a report gives no verdict on it.
    label:     on an axis or in a table.
    phrase:    in the middle of a sentence.
    meaning:   for a reader who never met it; may be empty.
    scale:     "share" is drawn from 0 to 1, "log" on a logarithmic axis, "free" over the range of its values.
    interval:  "mean": t interval over records; "rate": Wilson's, for shares of records; "bootstrap": records resampled;
               "exact": not a sample; "other": as the docstring of what makes the number says.
    """

    name: str
    unit: str
    direction: Direction
    label: str
    phrase: str
    meaning: str = ""
    scale: Scale = "share"
    interval: IntervalKind = "mean"

    def with_setting(self, setting: str) -> "Measure":
        """The same measure under a setting that is not the usual one, which label and phrase give in brackets."""
        return replace(
            self,
            name=f"{self.name}:{setting}",
            label=f"{self.label} ({setting})",
            phrase=f"{self.phrase} ({setting})",
        )


def by_name(*measures: Measure) -> Mapping[str, Measure]:
    """The measures that a file declares, in their order."""
    return {measure.name: measure for measure in measures}
