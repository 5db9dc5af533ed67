"""An image file of the user: which ones are taken, and how each becomes 8-bit grey or RGB pixels.

The rules: the rotation that EXIF notes is applied; grey, palette and 16-bit images are converted (of 16 bits the upper
8); what is transparent is laid on white; colour profiles are not applied, values are taken as stored. Refused by name:
CMYK, Lab, 32-bit and floating-point (HDR) images, animations and files of several pages. Of the pictures that a phone
keeps in one JPEG file (MPO), the first is taken.
"""

import hashlib
import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from semlink.errors import SourceError
from semlink.untrusted import read_bytes

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

Colour = Literal["rgb", "grey"]
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")
FILE_MOST = 256 << 20  # bytes
PIXELS_MOST = 1 << 26  # of an image: what a file unpacks to is bounded before it is unpacked
REFUSED = {
    "CMYK": "a CMYK image, made for print",
    "LAB": "a Lab image",
    "HSV": "an HSV image",
    "F": "an image of floating-point values (HDR)",
    "I": "an image of 32-bit values",
}
ORIENTATION = 0x0112  # the tag of EXIF
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error)


@dataclass(frozen=True)
class PictureFile:
    """A file that was looked at.

    digest: of its bytes; it is refused when they have changed since. height, width: in pixels as it will be decoded.
    colour: of what it is converted to. longest: pixels of the longer side, to which larger images are shrunk.
    """

    path: Path
    digest: bytes
    height: int
    width: int
    colour: Colour
    longest: int
    shrunk: bool

    @classmethod
    def of(cls, path: Path, colour: Colour = "rgb", longest: int = PIXELS_MOST) -> "PictureFile":
        """Looks at a file without unpacking it. Errors: SourceError, which says what is wrong with it."""
        content = _content(path)
        with _opened(path, content) as image, _damage_told(path):
            width, height = image.size
            if image.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8):
                width, height = height, width
        scale = min(1.0, longest / max(height, width))
        size = max(1, round(height * scale)), max(1, round(width * scale))
        return cls(path, _digest(content), *size, colour, longest, scale < 1)

    def pixels(self) -> NDArray[np.uint8]:
        """The pixels: [height, width, 3], or [height, width] where they are grey.

        Errors: SourceError when the file is damaged, missing or was changed since it was looked at.
        """
        content = _content(self.path)
        if _digest(content) != self.digest:
            raise SourceError(f"{self.path} was changed while it was in use; start again.")
        from PIL import ImageOps

        with _opened(self.path, content) as image, _damage_told(self.path):
            upright = ImageOps.exif_transpose(image)
            plain = _plain(upright, "L" if self.colour == "grey" else "RGB")
            if plain.size != (self.width, self.height):
                from PIL.Image import Resampling

                plain = plain.resize((self.width, self.height), Resampling.LANCZOS)
            return np.array(plain)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Turns what Pillow raises for damaged files into one sentence; what it warns of is refused here, or harmless."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DAMAGE as error:
        raise SourceError(
            f"{path} is damaged, or no PNG, JPEG, WebP or TIFF image that can be read; replace or remove it."
        ) from error


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path, FILE_MOST)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise SourceError(f"The image {path} cannot be read ({reason}); replace or remove it.") from error


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _opened(path: Path, content: bytes) -> "PillowImage":
    """An image of which only the head was read, after the checks. Errors: SourceError."""
    from PIL import Image

    with _damage_told(path):
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise _too_large(path) from error
        if image.width * image.height > PIXELS_MOST:
            raise _too_large(path)
        if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
            raise SourceError(f"{path} holds several images (an animation or pages); save one of them by itself.")
        if image.mode in REFUSED:
            raise SourceError(f"{path} is {REFUSED[image.mode]}; save it as an 8-bit RGB image.")
    return image


def _too_large(path: Path) -> SourceError:
    return SourceError(f"{path} has more than {PIXELS_MOST} pixels; shrink or remove it.")


def _plain(image: Any, mode: str) -> "PillowImage":
    """Grey or RGB pixels of any image that is taken."""
    from PIL import Image

    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.array(image) >> 8).astype(np.uint8))
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    elif image.mode == "P":
        image = image.convert("RGB")
    plain: PillowImage = image.convert(mode)
    return plain
