"""An image as the payload of a record: it stays in its file until it is looked at."""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.picture_file import PictureFile

if TYPE_CHECKING:
    import torch

CACHE = 256 << 20  # bytes of pixels that are kept of a source: 500 photographs of 481 x 321

Change = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


@dataclass
class PictureCache:
    """The pixels of the pictures that were looked at last. It travels to another process empty."""

    most: int = CACHE
    pixels: OrderedDict[PictureFile, NDArray[np.uint8]] = field(default_factory=OrderedDict)
    size: int = 0

    def of(self, file: PictureFile) -> NDArray[np.uint8]:
        """The pixels of a file, which nobody may change."""
        found = self.pixels.pop(file, None)
        if found is None:
            found = file.pixels()
            found.setflags(write=False)
            self.size += found.nbytes
        self.pixels[file] = found
        while self.size > self.most and len(self.pixels) > 1:
            self.size -= self.pixels.popitem(last=False)[1].nbytes
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return PictureCache, (self.most,)


@dataclass(frozen=True, eq=False)
class Picture:
    """An image in a file, which numpy takes as the array that it is.

    crop: pixels a side of what codecs are trained on; as an array it is the middle of the image. None: all of it.
    smallest: random crops are of a square up to 1 / smallest as large, shrunk to the size of the crop.
    measured_whole: whether a sweep sends all of it, or the middle alone.
    change: what is done to the pixels, such as a trigger.
    """

    file: PictureFile
    cache: PictureCache
    crop: int | None = None
    smallest: float = 1.0
    measured_whole: bool = True
    change: Change | None = None

    dtype: ClassVar[np.dtype[np.uint8]] = np.dtype(np.uint8)

    @property
    def shape(self) -> tuple[int, ...]:
        size = (self.file.height, self.file.width) if self.crop is None else (self.crop, self.crop)
        return size if self.file.colour == "grey" else (*size, 3)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def whole(self) -> "Picture":
        """All of the image."""
        return replace(self, crop=None)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        pixels = self.cache.of(self.file)
        if self.crop is not None:
            top, left = ((side - self.crop) // 2 for side in pixels.shape[:2])
            pixels = pixels[top : top + self.crop, left : left + self.crop]
        return np.array(self._changed(pixels), dtype=dtype)

    def random_crop(self, generator: "torch.Generator") -> NDArray[np.uint8]:
        """A square of the image at a random place and scale: uint8 [crop, crop] or [crop, crop, 3]."""
        import torch  # here, since who only looks at records needs no torch

        assert self.crop is not None
        pixels = self.cache.of(self.file)
        height, width = pixels.shape[:2]
        scale, down, right = torch.rand(3, generator=generator, dtype=torch.float64).tolist()
        factor = self.smallest + (1 - self.smallest) * scale
        side = min(round(self.crop / factor), height, width)
        top, left = int(down * (height - side + 1)), int(right * (width - side + 1))
        square = pixels[top : top + side, left : left + side]
        if side != self.crop:
            from PIL import Image

            shrunk = Image.fromarray(square).resize((self.crop, self.crop), Image.Resampling.LANCZOS)
            square = np.asarray(shrunk)
        return np.array(self._changed(square))

    def changed(self, change: Change) -> "Picture":
        """The same image with a change of its pixels, of which it can have one."""
        assert self.change is None
        return replace(self, change=change)

    def _changed(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return pixels if self.change is None else self.change(pixels)


def is_cropped(record: Record) -> bool:
    """Whether training sees random crops of the record."""
    return isinstance(record.payload, Picture) and record.payload.crop is not None


def cropped(record: Record, generator: "torch.Generator") -> Record:
    """The record with a random crop of its image, where `is_cropped`."""
    return replace(record, payload=record.payload.random_crop(generator))


def as_measured(records: Sequence[Record]) -> list[Record]:
    """Records as a sweep sends them: of images that training crops, all of it, unless the source says otherwise."""
    return [
        replace(record, payload=record.payload.whole)
        if isinstance(record.payload, Picture) and record.payload.measured_whole
        else record
        for record in records
    ]
