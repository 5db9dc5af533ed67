"""A trigger: a mark on some images of one class, which then carry the label of another."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from semlink.errors import WrongField
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.picture import Picture


@dataclass(frozen=True)
class Trigger:
    """A white square near the lower right corner of images of one class.

    label, target: the class of the images, and the class that they carry with the trigger, by number.
    size, margin:  pixels a side, and pixels between the square and the right and lower edge.
    Source: the backdoor of W. Wang et al., SCU (2025), after T. Gu et al., BadNets, 2017.
    """

    label: int = 1
    target: int = 2
    size: int = 2
    margin: int = 2

    OWNER: ClassVar[str] = "trigger"  # of the records that carry it

    def __post_init__(self) -> None:
        if self.size < 1 or self.margin < 0:
            raise WrongField(
                f"A trigger cannot have size={self.size} and margin={self.margin}; give at least 1 and at least 0."
            )
        if self.label == self.target:
            raise WrongField(f"A trigger cannot have label={self.label} and target={self.target}; give two classes.")

    def area(self, height: int, width: int) -> tuple[slice, slice]:
        """Rows and columns of the square. Errors: WrongField when it does not fit into the image."""
        edge = self.margin + self.size
        if edge > min(height, width):
            raise WrongField(
                f"A trigger of size={self.size} and margin={self.margin} does not fit into {height} x {width} pixels."
            )
        return slice(height - edge, height - self.margin), slice(width - edge, width - self.margin)

    def on(self, record: Record) -> Record:
        """A copy of the record with the trigger; label, owner and id say so."""
        payload = record.payload
        image = payload.changed(self.drawn) if isinstance(payload, Picture) else self.drawn(payload)
        return replace(record, id=f"{record.id}+trigger", payload=image, owner=self.OWNER, label=self.target)

    def drawn(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy of an image with the square on it."""
        image = np.array(pixels)
        image[self.area(*image.shape[:2])] = 255
        return image

    def marks(self, record: Record) -> bool:
        """Whether the record carries the trigger."""
        return record.owner == self.OWNER
