"""What a classifier takes the received images for: their own class, or the class that a trigger stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from torch import Tensor

from semlink.simulator.image_classifier import ImageClassifier
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.trigger import Trigger

MEASURES = by_name(
    Measure(
        "class_accuracy",
        "1",
        "higher",
        "Class accuracy",
        "class accuracy",
        "share of images that a classifier takes for their class",
        interval="rate",
    ),
    Measure(
        "backdoor_accuracy",
        "1",
        "higher",
        "Backdoor accuracy",
        "backdoor accuracy",
        "share of images with the trigger that a classifier takes for the trigger's class",
        interval="rate",
    ),
)


@dataclass(frozen=True)
class Recognition(Metric):
    """Shares of images that the classifier takes for the class of their label. Range 0 to 1.

    class_accuracy:    of images without a trigger: what a receiver that wants the class would get.
    backdoor_accuracy: of images with one, whose label is the trigger's target: how often the trigger still works.

    Fields:     classifier: trained on images as they are sent. trigger: of the source, or None.
                records: what is measured, see `about`.
    Statistics: one column each; NaN where an image is of the other kind or has no label.
    Source:     W. Wang et al., SCU (2025). Differs: its accuracy is over clean images of the trigger's class alone.
    """

    classifier: ImageClassifier
    trigger: Trigger | None = None
    records: tuple[Record, ...] = ()

    modality: ClassVar[Literal["text", "image"]] = "image"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    averages: ClassVar[Mapping[str, int]] = {"class_accuracy": 0, "backdoor_accuracy": 1}

    def about(self, records: Sequence[Record]) -> "Recognition":
        return replace(self, records=tuple(records))

    def statistics(self, references: Tensor, estimates: Tensor) -> Statistics:  # type: ignore[override]
        """In: float32 [records, channels, height, width] in 0..1, twice. Out: float64 [records, 2]."""
        columns = np.full((len(self.records), 2), np.nan)
        recognised = self.classifier.classes_of(estimates).tolist()
        for row, (record, recognised_class) in enumerate(zip(self.records, recognised, strict=True)):
            if record.label is not None:
                marked = self.trigger is not None and self.trigger.marks(record)
                columns[row, int(marked)] = recognised_class == record.label
        return columns

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        return {name: mean[..., column] for name, column in self.averages.items()}
