"""Images as files of a known format, of which only that is sent which the receiver does not know."""

import io
from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semlink.codecs.contract import Modality
from semlink.codecs.digital.compression.bits import bits_of, bytes_of, joined, undecodable
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.compression.search import highest_fitting
from semlink.errors import CodecError

Pixels = NDArray[np.uint8]
SHORTENED, WHOLE = np.zeros(1, dtype=np.uint8), np.ones(1, dtype=np.uint8)


class ImageFile(Compressor[Pixels]):
    """The coder of an image format at the highest quality that fits; its file header is left out where that is safe.

    Bits: a flag, then what `shortened` leaves of the file; or the flag and the whole file where `completed` would not
    give back the same file byte for byte, which is tried for each.
    Where a format can be written in several ways, the one with the smallest mean squared error is sent.

    levels: of quality, 0 the lowest.
    """

    modality: ClassVar[Modality] = "image"
    levels: ClassVar[int]

    def ways(self, shape: tuple[int, ...]) -> int:
        """In how many ways an image of this shape is written."""
        return 1

    @abstractmethod
    def written(self, image: Pixels, level: int, way: int) -> bytes:
        """The image as a file."""

    @abstractmethod
    def shortened(self, file: bytes, shape: tuple[int, ...], level: int, way: int) -> Bits:
        """What the receiver needs of a file; anything at all where the file is not built as expected."""

    @abstractmethod
    def completed(self, bits: Bits, shape: tuple[int, ...]) -> bytes:
        """The file of an image of this shape. Errors: CodecError where the bits are of no file."""

    def opened(self, file: bytes) -> Image.Image:
        """The picture of a file, not yet decoded."""
        return Image.open(io.BytesIO(file))

    def fit(self, payload: Pixels, most: int) -> Bits | None:
        image = _checked(payload)
        best: tuple[float, Bits] | None = None
        level = None
        for way in range(self.ways(image.shape)):
            seen: dict[int, Bits] = {}
            level = self._highest(image, way, most, level, seen)
            if level is not None:
                error = self._error(seen[level], image) if self.ways(image.shape) > 1 else 0.0
                best = (error, seen[level]) if best is None or error < best[0] else best
        return None if best is None else best[1]

    def restore(self, bits: Bits, shape: tuple[int, ...]) -> Pixels:
        if len(bits) == 0:
            raise undecodable()
        file = bytes_of(bits[1:]) if bits[0] else self.completed(bits[1:], shape)
        try:
            picture = self.opened(file)
            if picture.size != (shape[1], shape[0]):  # before anything is decoded
                raise undecodable()
            pixels = np.asarray(picture.convert("L" if len(shape) == 2 else "RGB"))
        except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, Image.DecompressionBombError) as error:
            raise undecodable() from error
        if pixels.shape != shape:
            raise undecodable()
        return pixels

    def _highest(self, image: Pixels, way: int, most: int, near: int | None, seen: dict[int, Bits]) -> int | None:
        """The highest level that fits, of files written in one way; adds the bits of all levels tried to `seen`."""

        def size(level: int) -> int:
            seen[level] = self._bits(image, level, way)
            return len(seen[level])

        return highest_fitting(size, self.levels, most, near)

    def _bits(self, image: Pixels, level: int, way: int) -> Bits:
        file = self.written(image, level, way)
        try:
            bits = self.shortened(file, image.shape, level, way)
            same = self.completed(bits, image.shape) == file
        except CodecError:
            same = False
        return joined(SHORTENED, bits) if same else joined(WHOLE, bits_of(file))

    def _error(self, bits: Bits, image: Pixels) -> float:
        """Mean squared error of what the receiver would see."""
        difference = self.restore(bits, image.shape).astype(np.int32) - image
        return float(np.mean(difference * difference))


def picture(image: Pixels) -> Image.Image:
    """Pixels as Pillow has them."""
    return Image.fromarray(np.ascontiguousarray(image))


def blank(shape: tuple[int, ...]) -> Pixels:
    """The image that a receiver writes to learn how a file of this shape begins: black."""
    return np.zeros(shape, dtype=np.uint8)


def pillow_file(image: Pixels, kind: str, **settings: Any) -> bytes:
    """The file that Pillow writes of an image, with the settings that it takes for this kind of file."""
    file = io.BytesIO()
    picture(image).save(file, kind, **settings)
    return file.getvalue()


def _checked(payload: Pixels) -> Pixels:
    kind, shape = getattr(payload, "dtype", type(payload).__name__), np.shape(payload)
    if kind != np.uint8 or len(shape) not in (2, 3) or 0 in shape or shape[2:] not in ((), (3,)):
        raise CodecError(
            f"An image of shape {shape} and type {kind} cannot be compressed; give uint8 images of shape "
            "[height, width] or [height, width, 3]."
        )
    return payload
