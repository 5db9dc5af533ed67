"""A drawing as PNG. It has flat areas and thin lines, for which an encoder's filters cost time and save nothing."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

INCH = 0.0254  # metres


def png_of(pixels: NDArray[np.uint8], dpi: int) -> bytes:
    """An RGB picture, uint8 [height, width, 3], as a PNG file that also tells its dots per inch.

    Source: Portable Network Graphics Specification, W3C, chunks IHDR, pHYs, IDAT and IEND.
    """
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)  # each line begins with 0: no filter
    lines[:, 1:] = pixels.reshape(height, -1)
    per_metre = round(dpi / INCH)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0),  # 8 bits, RGB
        b"pHYs": struct.pack(">IIB", per_metre, per_metre, 1),
        b"IDAT": zlib.compress(lines.data, 1),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks.items())


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
