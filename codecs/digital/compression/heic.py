"""HEIC, the intra coder of HEVC, without its container and parameter sets."""

import io
from functools import lru_cache
from typing import Any

from PIL import Image

from semlink.codecs.digital.compression.bits import bits_of, bytes_of
from semlink.codecs.digital.compression.contract import Bits
from semlink.codecs.digital.compression.image_file import ImageFile, Pixels, blank, picture
from semlink.codecs.digital.compression.iso_container import Container
from semlink.codecs.optional_import import optional_import

CHROMA = (420, 444)
UNIT = b"\x28\x01"  # the header of a unit that holds a slice of an intra picture
SIZE = 4  # bytes of the length before a unit


class Heic(ImageFile):
    """HEIC, as x265 writes it through pillow-heif: preset slow, tuned for PSNR.

    It stands for the BPG of the literature.
    BPG is the same coder in another container. A colour image is written at half and at full resolution of colour, a
    grey one without colour. Images below 64 x 64 pixels are extended to that, which costs little but time.
    Sent: the way in 1 bit, and the slice, which contains its quantiser.
    Left out: container, parameter sets, length and header of the slice: 423 bytes at 32 x 32 pixels in colour.

    Errors: CodecError when pillow-heif is not installed.
    Source: ISO/IEC 23008-12; ITU-T H.265.
    """

    levels = 51

    def __init__(self) -> None:
        _library()

    def ways(self, shape: tuple[int, ...]) -> int:
        return len(CHROMA) if len(shape) == 3 else 1

    def written(self, image: Pixels, level: int, way: int) -> bytes:
        file, heif = io.BytesIO(), _library().from_pillow(picture(image))
        heif.save(file, quality=2 * level, chroma=CHROMA[way], enc_params={"tune": "psnr", "x265:pools": "none"})
        return file.getvalue()

    def shortened(self, file: bytes, shape: tuple[int, ...], level: int, way: int) -> Bits:
        data = _container(shape, way).data(file)
        return bits_of(bytes([way]) + data[SIZE + len(UNIT) :])[7:]

    def completed(self, bits: Bits, shape: tuple[int, ...]) -> bytes:
        way = int(bits[0]) % self.ways(shape) if len(bits) else 0
        unit = UNIT + bytes_of(bits[1:])
        return _container(shape, way).file(len(unit).to_bytes(SIZE, "big") + unit)

    def opened(self, file: bytes) -> Image.Image:
        image: Image.Image = _library().open_heif(file).to_pillow()
        return image


def _library() -> Any:
    return optional_import("pillow_heif", "heic", "HEIC")


@lru_cache(maxsize=512)
def _container(shape: tuple[int, ...], way: int) -> Container:
    return Container.of(Heic().written(blank(shape), 0, way))
