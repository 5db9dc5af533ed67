"""Brotli, a general-purpose compressor that brings a dictionary of English and other words."""

from typing import ClassVar

import brotli  # type: ignore[import-untyped]
import numpy as np

from semlink.codecs.contract import Modality
from semlink.codecs.digital.compression.bits import joined, undecodable
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.compression.deflate import without_last_zeros
from semlink.codecs.digital.compression.sentences import longest_fitting, text_of, words_of

QUALITY, WINDOW = 11, 16  # the best there is; the window size that takes one bit to say
BEGIN = np.array([0, 1, 0, 0, 0], dtype=np.uint8)  # window of 2 ** 16, last block, not empty, its length in 16 bits
SHORT, LENGTH = 8, 16  # bits of the length of a block that are sent, and all of them
AFTER = 16  # more zero bytes than can have been left out
SHORTENED, WHOLE = np.ones(1, dtype=np.uint8), np.zeros(1, dtype=np.uint8)


class Brotli(Compressor[tuple[str, ...]]):
    """Each sentence on its own, at quality 11 in text mode.

    A flag says whether the sentence is one block of at most 256 bytes: then the 5 bits that the stream begins with and
    the upper 8 of the length are left out. So are the zeros at the end.

    Source: RFC 7932, section 9.
    """

    modality: ClassVar[Modality] = "text"

    def fit(self, payload: tuple[str, ...], most: int) -> Bits | None:
        text_of(payload)
        return longest_fitting(lambda count: _compressed(text_of(payload[:count])), len(payload), most)

    def restore(self, bits: Bits, shape: tuple[int, ...]) -> tuple[str, ...]:
        if len(bits) == 0:
            raise undecodable()
        stream = bits[1:]
        if bits[0]:
            upper = np.zeros(LENGTH - SHORT, dtype=np.uint8)
            stream = joined(BEGIN, stream[:SHORT], upper, stream[SHORT:])
        return words_of(_decompressed(np.packbits(stream, bitorder="little").tobytes()))


def _compressed(text: str) -> Bits:
    bits = without_last_zeros(brotli.compress(text.encode(), brotli.MODE_TEXT, QUALITY, WINDOW))
    start, middle, end = len(BEGIN), len(BEGIN) + SHORT, len(BEGIN) + LENGTH
    if len(bits) > end and np.array_equal(bits[:start], BEGIN) and not bits[middle:end].any():
        return joined(SHORTENED, bits[start:middle], bits[end:])
    return joined(WHOLE, bits)


def _decompressed(data: bytes) -> str:
    machine = brotli.Decompressor()
    try:
        text = machine.process(data)
        for _ in range(AFTER):
            if machine.is_finished():
                return bytes(text).decode()
            text += machine.process(b"\0")
    except (brotli.error, UnicodeDecodeError) as error:
        raise undecodable() from error
    raise undecodable()
