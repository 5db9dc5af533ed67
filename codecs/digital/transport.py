"""A transport block: information bits with checks, coded, scrambled and modulated to fill channel uses exactly."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import pad

from semlink.channels.contract import Reception
from semlink.codecs.digital.checksum import CRC16, CRC24A, CRC24B, checksum
from semlink.codecs.digital.constellation import Constellation
from semlink.codecs.digital.ldpc import LdpcCode
from semlink.codecs.digital.modulation_and_coding import Mcs
from semlink.errors import CodecError
from semlink.seeding import generator_for

CHAIN = "1"  # raised by one when blocks come out differently, which makes measured error rates void
SHORT = 3824  # up to so many information bits the check of a block has 16 bits; the longest word of the smaller graph
LONGEST_WORD = 8448
SHORTEST_WORD, HIGHEST_RATE = 12, 0.95
LOW_RATE = 0.35  # below, only the smaller graph of the code is made for it
SMALLEST_NOISE = 1e-6  # keeps likelihood ratios finite where a channel has no noise
NO_WORD = 1e12  # noise variance of an estimate that holds nothing of its symbol


class Transport:
    """Sends `information_bits` bits in `uses` channel uses, and detects whether they arrived.

    The sender appends a cyclic redundancy check, cuts the block into words of equal size with a check each where one
    word is not enough, codes each with the LDPC code of 5G, cuts the coded bits to those that the channel uses hold,
    interleaves them within each word, scrambles them and maps them to QAM symbols. The receiver demaps with exact
    likelihoods and decodes. A block has arrived when all checks hold; the receiver knows nothing else.

    Energy: with BPSK and QPSK that of every frame is 1; with more points it is 1 on average over scrambled bits, and
    differs from frame to frame by sqrt(0.4 / uses) or less (standard deviation). Frames are not scaled to energy 1: a
    receiver knows the points but not the factor. Where it has to do without, 64-QAM at rate 2/3 loses 0.5 dB in frames
    of 32 uses, 256-QAM at rate 3/4 more than 2 dB there, 1 dB in 64 uses and 0.15 dB in 256.

    Fields: mcs; uses: channel uses, at least 1.
            information_bits: what a block carries: 0 where its checks leave no room; nothing then arrives.
    Errors: CodecError when uses is below 1.
    Source: 3GPP TS 38.212, section 5, and TS 38.214, section 5.1.3. Differs: the block fills the channel uses to the
            bit instead of taking a size from a table; the code rate counts the checks; check bits are sent inverted, so
            that silence is no block; words below rate 0.35 have at most 3824 bits, since no bits are repeated.
    """

    def __init__(self, mcs: Mcs, uses: int, device: torch.device | str = "cpu") -> None:
        if uses < 1:
            raise CodecError(f"A transport block cannot fill {uses} channel uses; give it at least 1.")
        self.mcs, self.uses = mcs, uses
        self._device = torch.device(device)
        self._words, self._size = _cut(mcs, uses)
        own_check = CRC24B[0] if self._words > 1 else 0
        room = self._words * (self._size - own_check)
        self._check = CRC16 if room - CRC16[0] <= SHORT else CRC24A
        shortest = mcs.bits_per_symbol * (uses // self._words)
        fits = SHORTEST_WORD <= self._size <= HIGHEST_RATE * shortest
        self.information_bits = max(0, room - self._check[0]) if fits else 0
        self._constellation = Constellation(mcs.bits_per_symbol, device)
        sequence = torch.randint(2, (uses * mcs.bits_per_symbol,), generator=generator_for("scrambling"))
        self._scrambling = sequence.to(torch.uint8).to(self._device)

    def send(self, bits: Tensor) -> Tensor:
        """Information bits uint8 [batch, information_bits] as symbols complex64 [batch, uses]."""
        coded = self._scrambling.expand(len(bits), -1)
        if self.information_bits and len(bits):
            block = torch.cat([bits, checksum(bits, self._check)], dim=1)
            words = block.view(len(bits) * self._words, -1)
            if self._words > 1:
                words = torch.cat([words, checksum(words, CRC24B)], dim=1)
            coded = self._joined(self._code().encode(words)) ^ coded
        return self._constellation.modulate(coded)

    def receive(self, reception: Reception) -> tuple[Tensor, Tensor]:
        """The most probable bits of a reception, and which blocks arrived.

        Out: uint8 [batch, information_bits]; bool [batch]. Bits of blocks that did not arrive mean nothing. A reception
             that is not finite does not arrive.
        """
        batch = len(reception.symbols)
        if not self.information_bits or not batch:
            bits = torch.zeros(batch, self.information_bits, dtype=torch.uint8, device=self._device)
            return bits, torch.zeros(batch, dtype=torch.bool, device=self._device)
        ratios = self._constellation.demodulate(*unbiased(reception))
        heard = ratios.isfinite().all(dim=1)
        ratios = ratios.masked_fill(~heard.unsqueeze(1), 0.0) * (1.0 - 2.0 * self._scrambling)
        words = self._code().decode(self._parted(ratios))
        if self._words > 1:
            words, whole = _checked(words, CRC24B)
            heard &= whole.view(batch, self._words).all(dim=1)
        bits, whole = _checked(words.reshape(batch, -1), self._check)
        return bits, heard & whole

    def _code(self) -> LdpcCode:
        longest = self.mcs.bits_per_symbol * -(-self.uses // self._words)
        return code_for(self._size, longest, self._device)

    def _groups(self) -> list[tuple[int, int]]:
        """How many words have how many channel uses: equally many, or one more for the last of them."""
        uses, longer = divmod(self.uses, self._words)
        return [(self._words - longer, uses), *([(longer, uses + 1)] if longer else [])]

    def _joined(self, words: Tensor) -> Tensor:
        """Coded bits of all words [batch * words, longest] as those of blocks: cut, interleaved and joined."""
        words = words.view(-1, self._words, words.shape[1])
        parts, first, order = [], 0, self.mcs.bits_per_symbol
        for count, uses in self._groups():
            part = words[:, first : first + count, : uses * order]
            parts.append(part.unflatten(2, (order, uses)).transpose(2, 3).flatten(1))
            first += count
        return torch.cat(parts, dim=1)

    def _parted(self, ratios: Tensor) -> Tensor:
        """Back from ratios of blocks [batch, coded bits] to those of words; a bit that was cut has ratio 0."""
        parts, first, order = [], 0, self.mcs.bits_per_symbol
        longest = order * self._groups()[-1][1]
        for count, uses in self._groups():
            part = ratios[:, first : first + count * uses * order].reshape(len(ratios), count, uses, order)
            parts.append(pad(part.transpose(2, 3).flatten(2), (0, longest - uses * order)))
            first += count * uses * order
        return torch.cat(parts, dim=1).flatten(0, 1)


@lru_cache(maxsize=512)
def transport_for(mcs: Mcs, uses: int, device: torch.device | str = "cpu") -> Transport:
    """The transport block of these fields; made once, since it holds nothing that changes. Errors: CodecError."""
    return Transport(mcs, uses, device)


@lru_cache(maxsize=128)
def code_for(size: int, length: int, device: torch.device | str = "cpu") -> LdpcCode:
    """The code of these fields; made once, since that takes longer than a decoding."""
    return LdpcCode(size, length, device)


def unbiased(reception: Reception) -> tuple[Tensor, Tensor]:
    """What a demapper needs: symbols plus noise, and the variance of that noise.

    With estimate = b s + d and E|d|^2 = noise_variance - |b - 1|^2 they are estimate / b and E|d|^2 / |b|^2. Where b is
    0 the estimate tells nothing.
    """
    power = reception.bias.real.square() + reception.bias.imag.square()
    silent = power < SMALLEST_NOISE
    power = power.masked_fill(silent, 1.0)
    error = reception.noise_variance - (reception.bias - 1).abs().square()
    variance = (error / power).clamp_min(SMALLEST_NOISE).masked_fill(silent, NO_WORD)
    return reception.symbols * reception.bias.conj() / power, variance


def _cut(mcs: Mcs, uses: int) -> tuple[int, int]:
    """How many words a block is cut into, and the bits of each word."""
    most = SHORT if mcs.code_rate < LOW_RATE else LONGEST_WORD
    words = 1
    while True:
        coded = mcs.bits_per_symbol * -(-uses // words)
        size = -(-mcs.numerator * coded // mcs.denominator)
        if size <= most:
            return words, size
        words += 1


def _checked(words: Tensor, kind: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Words without their check bits, and whether these are right."""
    bits, check = words[:, : -kind[0]], words[:, -kind[0] :]
    return bits, (checksum(bits, kind) == check).all(dim=1)
