"""DEFLATE, the method of zlib and gzip."""

import zlib
from typing import ClassVar

import numpy as np

from semlink.codecs.contract import Modality
from semlink.codecs.digital.compression.bits import undecodable
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.compression.sentences import longest_fitting, text_of, words_of

LEVEL, RAW = 9, -15  # the best there is; a window of 32 KiB, and neither header nor checksum
AFTER = bytes(8)  # more zeros than can have been left out


class Deflate(Compressor[tuple[str, ...]]):
    """Each sentence on its own, at level 9, without the header and checksum of a zlib stream (6 bytes).

    The zeros at the end are left out too, which are the mark of the end of the block and the rest of the last byte.

    Source: RFC 1951.
    """

    modality: ClassVar[Modality] = "text"

    def fit(self, payload: tuple[str, ...], most: int) -> Bits | None:
        text_of(payload)
        return longest_fitting(lambda count: _compressed(text_of(payload[:count])), len(payload), most)

    def restore(self, bits: Bits, shape: tuple[int, ...]) -> tuple[str, ...]:
        machine = zlib.decompressobj(RAW)
        try:
            data = np.packbits(bits, bitorder="little").tobytes()
            text = (machine.decompress(data + AFTER) + machine.flush()).decode()
        except (zlib.error, UnicodeDecodeError) as error:
            raise undecodable() from error
        if not machine.eof or any(machine.unused_data):
            raise undecodable()
        return words_of(text)


def _compressed(text: str) -> Bits:
    machine = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW)
    return without_last_zeros(machine.compress(text.encode()) + machine.flush())


def without_last_zeros(data: bytes) -> Bits:
    """The bits of some bytes, the least significant of each first, up to the last that is one."""
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
    return bits[: int(np.flatnonzero(bits)[-1]) + 1]
