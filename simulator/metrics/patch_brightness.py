"""Patch brightness: how much of a trigger's white square comes through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from torch import Tensor

from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.trigger import Trigger

MEASURES = by_name(
    Measure(
        "patch_brightness",
        "1",
        "higher",
        "Trigger recovered",
        "the share of the trigger's contrast that is recovered",
        "contrast of the trigger's square as received over that as sent, 0: it is gone",
    ),
)


@dataclass(frozen=True)
class PatchBrightness(Metric):
    """Contrast of the received square over the contrast of the one that was sent: 1 is whole, 0 is gone.

    (mean of the square - mean around it)(estimate) / (mean of the square - mean around it)(reference)

    Around it is the frame of one pixel, as far as the image reaches; an image that arrives all white has no square.
    Noise can make it negative.

    Fields:     trigger: of the source. records: what is measured, see `about`.
    Statistics: that ratio; NaN for images without the trigger, or whose square does not stand out.
    """

    trigger: Trigger
    records: tuple[Record, ...] = ()

    modality: ClassVar[Literal["text", "image"]] = "image"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    averages: ClassVar[Mapping[str, int]] = {"patch_brightness": 0}

    def about(self, records: Sequence[Record]) -> "PatchBrightness":
        return replace(self, records=tuple(records))

    def statistics(self, references: Tensor, estimates: Tensor) -> Statistics:  # type: ignore[override]
        """In: float32 [records, channels, height, width] in 0..1, twice. Out: float64 [records, 1]."""
        sent, arrived = (self._contrast(images.double().cpu()) for images in (references, estimates))
        marked = np.array([self.trigger.marks(record) for record in self.records], dtype=bool)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(marked & (sent > 0), arrived / sent, np.nan)
        return ratio.reshape(-1, 1)

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        return {"patch_brightness": mean[..., 0]}

    def _contrast(self, images: Tensor) -> Statistics:
        rows, columns = self.trigger.area(*images.shape[-2:])
        above, left = (slice(max(0, edge.start - 1), edge.stop + 1) for edge in (rows, columns))
        square, both = images[..., rows, columns].flatten(1), images[..., above, left].flatten(1)
        around = (both.sum(dim=1) - square.sum(dim=1)) / (both.shape[1] - square.shape[1])
        return np.asarray(square.mean(dim=1) - around)
