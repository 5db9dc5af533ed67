"""JPEG 2000, without the header that follows from the size."""

import math
from functools import lru_cache

import numpy as np

from semlink.codecs.digital.compression.bits import bits_of, bytes_of, joined, number_bits, number_of, undecodable
from semlink.codecs.digital.compression.contract import Bits
from semlink.codecs.digital.compression.image_file import ImageFile, Pixels, blank, pillow_file

STEP = 1.01  # from the size of one level to that of the next
TILE, DATA, END = b"\xff\x90", b"\xff\x93", b"\xff\xd9"  # markers: start of tile-part, start of data, end of codestream
LENGTH = slice(6, 10)  # of a tile-part header: the bytes that hold the length of the tile-part
EMPTY, COUNT_BITS = b"\x80", 5  # a packet with nothing in it; bits of how many of them end the data
SMALLEST = 8  # pixels that the smallest picture of the pyramid has in height or width
MOST_RESOLUTIONS = 6  # what OpenJPEG takes by default


class Jpeg2000(ImageFile):
    """JPEG 2000 codestreams, as OpenJPEG writes them through Pillow: 9-7 wavelet, one tile, one layer.

    Colour is transformed (ICT) and has full resolution. Large images have 6 resolutions; small ones so many that the
    smallest is about 8 pixels high or wide, as every resolution costs a byte for each colour. A level is a
    target size.
    Sent: in 5 bits how many empty packets the data end with, and the data up to there.
    Left out: the main header, the header of the tile-part and the end marker: 139 bytes at 32 x 32 pixels in colour.
    The receiver need not know the quality.

    Source: ITU-T T.800, annex A.
    """

    levels = 1024

    def written(self, image: Pixels, level: int, way: int) -> bytes:
        size = image.size * STEP ** (level + 1 - self.levels)
        return _codestream(image, size + len(_head(image.shape)) + len(END))

    def shortened(self, file: bytes, shape: tuple[int, ...], level: int, way: int) -> Bits:
        data = file[len(_head(shape)) :].removesuffix(END)
        empty = min(len(data) - len(data.rstrip(EMPTY)), (1 << COUNT_BITS) - 1)
        return joined(number_bits(empty, COUNT_BITS), bits_of(data[: len(data) - empty]))

    def completed(self, bits: Bits, shape: tuple[int, ...]) -> bytes:
        if len(bits) < COUNT_BITS:
            raise undecodable()
        data = bytes_of(bits[COUNT_BITS:]) + EMPTY * number_of(bits[:COUNT_BITS])
        main, tile = _head(shape).split(TILE)
        part = bytearray(TILE + tile)
        part[LENGTH] = (len(part) + len(data)).to_bytes(4, "big")
        return main + bytes(part) + data + END


def _codestream(image: Pixels, size: float) -> bytes:
    """The image in about `size` bytes."""
    return pillow_file(
        image,
        "JPEG2000",
        quality_mode="rates",
        quality_layers=[image.size / size],
        num_resolutions=_resolutions(image.shape),
        irreversible=True,
        mct=int(image.ndim == 3),
        no_jp2=True,
    )


def _resolutions(shape: tuple[int, ...]) -> int:
    side = min(shape[:2])
    most = min(MOST_RESOLUTIONS, int(math.log2(side)) + 1)
    return int(np.clip(1 + round(math.log2(side / SMALLEST)), 1, most))


@lru_cache(maxsize=512)
def _head(shape: tuple[int, ...]) -> bytes:
    """What the file of any image of this shape begins with; the length of the tile-part is to be put in."""
    file = _codestream(blank(shape), math.prod(shape))
    return file[: file.index(DATA) + len(DATA)]
