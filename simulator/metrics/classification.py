"""What a receiver that infers classes says of each record, beside the class of its label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from torch import Tensor

from semlink.errors import CodecError
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics
from semlink.simulator.sources.contract import Record

MEASURES = by_name(
    Measure(
        "label_accuracy",
        "1",
        "higher",
        "Classes inferred",
        "the share of classes inferred",
        "share of images whose class the receiver infers",
        interval="rate",
    ),
    Measure(
        "label_confidence",
        "1",
        "higher",
        "Confidence in the class",
        "the receiver's confidence in the class",
        "mean probability that the receiver gives to the class of an image",
    ),
    Measure(
        "cross_entropy",
        "nats",
        "lower",
        "Cross-entropy (nats)",
        "cross-entropy",
        "mean surprise of the receiver at the class of an image, 0 is certainty",
        scale="free",
    ),
)


@dataclass(frozen=True)
class Classification(Metric):
    """How often and how firmly the receiver infers the class c of a record's label, from its p(class | what arrived).

    label_accuracy:   share of records for which c is the most probable class. Range 0 to 1.
    label_confidence: mean of p(c). Range 0 to 1.
    cross_entropy:    mean of -ln p(c), in nats; 0 is certainty, ln(classes) is a guess among all alike.

    Fields:     records: what is measured, see `about`.
    Statistics: one column each; NaN where a record has no label.
    Errors:     CodecError when a label is of a class that the codec does not know.
    """

    records: tuple[Record, ...] = ()

    modality: ClassVar[Literal["class"]] = "class"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    averages: ClassVar[Mapping[str, int]] = {"label_accuracy": 0, "label_confidence": 1, "cross_entropy": 2}

    def about(self, records: Sequence[Record]) -> "Classification":
        return replace(self, records=tuple(records))

    def statistics(self, references: Tensor, estimates: Tensor) -> Statistics:  # type: ignore[override]
        """In: references are not looked at; log-probabilities float32 [records, classes]. Out: float64 [records, 3]."""
        columns = np.full((len(self.records), 3), np.nan)
        beliefs = estimates.double().cpu().numpy()
        for row, (record, belief) in enumerate(zip(self.records, beliefs, strict=True)):
            if record.label is None:
                continue
            if record.label >= len(belief):
                raise CodecError(
                    f"The record {record.id} is of class {record.label}, but the codec knows {len(belief)} classes; "
                    "measure it on records of its own source."
                )
            log_probability = belief[record.label]
            columns[row] = belief.argmax() == record.label, np.exp(log_probability), -log_probability
        return columns

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        return {name: mean[..., column] for name, column in self.averages.items()}
