"""The cyclic redundancy check: bits by which a receiver detects whether it decoded what was sent."""

from functools import lru_cache

import torch
from torch import Tensor

# The generator polynomials of 3GPP TS 38.212, section 5.1, without their leading term.
CRC16 = (16, 0x1021)
CRC24A = (24, 0x864CFB)
CRC24B = (24, 0x800063)


def checksum(bits: Tensor, kind: tuple[int, int]) -> Tensor:
    """The check bits of each row: uint8 [batch, length], from bits uint8 [batch, bits].

    The remainder of the bits, as a polynomial times x^length, after division by the generator: the sum (modulo 2) of
    the remainders of the bits that are 1. It is inverted, so that a row of zeros, which a dead receiver makes, is no
    block.
    """
    remainders = _remainders(bits.shape[1], *kind).to(bits.device)
    return 1 - (bits.float() @ remainders).remainder(2).to(torch.uint8)  # exact up to 2^24 bits


@lru_cache(maxsize=64)
def _remainders(bits: int, length: int, generator: int) -> Tensor:
    """The remainder of each of `bits` places, the last one first in time: float32 [bits, length]."""
    remainders, remainder = [], generator
    for _ in range(bits):
        remainders.append(remainder)
        remainder = (remainder << 1) ^ (generator | 1 << length if remainder >> (length - 1) else 0)
    places = torch.arange(length - 1, -1, -1)
    return ((torch.tensor(remainders[::-1], dtype=torch.int64).unsqueeze(1) >> places) & 1).float()
