"""Bits as the compressors handle them: arrays of 0 and 1, the most significant bit of a byte or number first."""

import numpy as np

from semlink.codecs.digital.compression.contract import Bits
from semlink.errors import CodecError


def bits_of(data: bytes) -> Bits:
    """The bits of some bytes."""
    return np.unpackbits(np.frombuffer(data, dtype=np.uint8))


def bytes_of(bits: Bits) -> bytes:
    """The bytes of some bits. Errors: CodecError when they do not fill their last byte."""
    if len(bits) % 8:
        raise undecodable()
    return np.packbits(bits).tobytes()


def number_bits(value: int, width: int) -> Bits:
    """A number of 0..2**width - 1 as bits."""
    return np.array([value >> place & 1 for place in reversed(range(width))], dtype=np.uint8)


def number_of(bits: Bits) -> int:
    """The number that bits spell; 0 where there are none."""
    return int("0" + "".join(map(str, bits.tolist())), 2)


def joined(*parts: Bits) -> Bits:
    """Bits one after the other."""
    return np.concatenate([np.asarray(part, dtype=np.uint8) for part in parts])


def undecodable() -> CodecError:
    """The error for bits that no payload has."""
    return CodecError(
        "These bits are of no payload; restore what the same kind of compressor fitted, without bit errors."
    )
