"""Bits as QAM symbols, and the log-likelihood ratios of the bits of a received symbol."""

import torch
from torch import Tensor


class Constellation:
    """BPSK (1 bit a symbol) and square QAM with Gray labels (2, 4, 6 or 8), of unit mean energy over its points.

    Even bits of a symbol choose its in-phase level and odd ones its quadrature level, each among
        l(c) = (1 - 2 c0) (4 - (1 - 2 c1) (2 - (1 - 2 c2))) / scale  (three bits a level, and so on for others),
    so that the two are demapped apart. BPSK lies on the real axis.

    Source: 3GPP TS 38.211, section 5.1 (there BPSK is turned by 45 degrees).
    """

    def __init__(self, bits_per_symbol: int, device: torch.device | str = "cpu") -> None:
        self.bits_per_symbol = bits_per_symbol
        self.bits_per_level = max(1, bits_per_symbol // 2)
        numbers = torch.arange(2**self.bits_per_level, device=device)
        places = torch.arange(self.bits_per_level - 1, -1, -1, device=device)
        self.labels = (numbers.unsqueeze(1) >> places) & 1  # [levels, bits of a level], the first bit is the sign
        self.weights = 2**places
        levels = torch.ones(len(numbers), device=device)
        for place in range(self.bits_per_level - 1, 0, -1):
            levels = 2 ** (self.bits_per_level - place) - (1 - 2 * self.labels[:, place]) * levels
        levels = levels * (1 - 2 * self.labels[:, 0])
        dimensions = 1 if bits_per_symbol == 1 else 2
        self.levels = levels * (dimensions * levels.square().mean()).rsqrt()

    def modulate(self, bits: Tensor) -> Tensor:
        """Bits [batch, uses * bits_per_symbol] of 0 and 1 as symbols complex64 [batch, uses]."""
        symbols = bits.view(len(bits), -1, self.bits_per_symbol).long()
        if self.bits_per_symbol == 1:
            return self._level(symbols).to(torch.complex64)
        return torch.complex(self._level(symbols[..., 0::2]), self._level(symbols[..., 1::2]))

    def demodulate(self, symbols: Tensor, noise_variance: Tensor) -> Tensor:
        """Log-likelihood ratios log P(0) / P(1) of all bits, each over all points and not only over the nearest.

        In:  symbols: complex64 [batch, uses], a point plus circular Gaussian noise. noise_variance: of the complex
             noise, float32, broadcastable to [batch, uses].
        Out: float32 [batch, uses * bits_per_symbol].
        """
        parts = torch.view_as_real(symbols)[..., : 1 if self.bits_per_symbol == 1 else 2]
        precision = noise_variance.expand(symbols.shape).reciprocal()[..., None, None]
        metrics = -(parts.unsqueeze(-1) - self.levels).square() * precision  # [batch, uses, parts, levels]
        ratios = []
        for place in range(self.bits_per_level):
            ones = self.labels[:, place].bool()
            ratios.append(metrics[..., ~ones].logsumexp(dim=-1) - metrics[..., ones].logsumexp(dim=-1))
        return torch.stack(ratios, dim=-2).flatten(1)  # bits of both parts take turns

    def _level(self, bits: Tensor) -> Tensor:
        return self.levels[(bits * self.weights).sum(dim=-1)]
