"""Reads IDX files, the format of MNIST: a magic number, the sizes of the axes, then the bytes."""

import gzip
import io
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semlink.errors import SourceError
from semlink.simulator.sources.published import check_published, content_of

UNSIGNED_BYTE = 0x08
CONTENT_MOST = 48 << 20  # bytes; the largest published file has 47 million


def parse_idx(data: bytes, name: str) -> NDArray[np.uint8]:
    """The array in the content of an IDX file: uint8, of as many axes as the file says.

    Layout: two zero bytes, the type of the elements, the number of axes, each size as a big-endian 32-bit integer,
            then the elements, last axis fastest.
    In:     name: of the file, for the error sentence.
    Errors: SourceError when it is not an IDX file of unsigned bytes, or has more or fewer bytes than it announces.
    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
    """
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != UNSIGNED_BYTE or data[3] == 0:
        raise SourceError(f"{name} is not an IDX file of unsigned bytes; get it again.")
    start = 4 + 4 * data[3]
    shape = [int.from_bytes(data[place : place + 4], "big") for place in range(4, start, 4)]
    if len(data) < start or len(data) - start != math.prod(shape):
        raise SourceError(f"{name} is cut short or damaged: its length is not the one it announces; get it again.")
    return (
        np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()
    )  # a copy can be written to, as torch expects


def read_idx(path: Path, sha256: str) -> NDArray[np.uint8]:
    """The array in a gzip-compressed IDX file whose content, decompressed, has the digest `sha256`.

    The content is checked and not the compressed file, since copies compressed by different programs differ.

    Errors: SourceError when the file is missing, cannot be decompressed, or has other content.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content_of(path))) as file:
            data = file.read(CONTENT_MOST + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{path} cannot be decompressed; get it again.") from error
    if len(data) > CONTENT_MOST:
        raise SourceError(f"{path} holds more than was published under this name; get it again.")
    check_published(data, sha256, path)
    return parse_idx(data, str(path))
