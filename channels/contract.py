"""The contract of a channel: the frame that it takes, the reception that it gives, and the channel itself."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Frame:
    """What an encoder sends: one complex baseband symbol for each channel use.

    symbols: complex64 [batch, uses], 0 where unused. Mean energy over the used symbols is 1: of each example where a
             codec makes them, and on average over their bits where they are points of a constellation, whose scale the
             receiver has to know.
    mask:    bool [batch, uses], the channel uses that an example occupies.
    """

    symbols: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Reception:
    """What a decoder gets: an estimate of each sent symbol, and the mean error of that estimate.

    symbols:        complex64 [batch, uses], equalised, 0 where unused.
    noise_variance: float32, broadcastable to [batch, uses]: the mean of |estimate - sent symbol|^2 for symbols of
                    unit energy, given what the receiver knows of the channel.
    mask:           bool [batch, uses], as in the frame.
    bias:           complex64, broadcastable to [batch, uses]: the mean of the estimate of a symbol 1, given the same.
                    An estimate that minimises the mean square error is a little too small. A demapper needs
                    estimate = bias * symbol + noise, with noise of the variance noise_variance - |bias - 1|^2 (whatever
                    the symbol's energy, where the gain is known); a decoder that learns from estimates does not.
    """

    symbols: Tensor
    noise_variance: Tensor
    mask: Tensor
    bias: Tensor = field(default_factory=lambda: torch.ones((), dtype=torch.complex64))

    def __getitem__(self, places: "Tensor | tuple[Tensor, int]") -> "Reception":
        """Some examples (int64 [n]), or of these the first so many uses: `reception[rows, uses]`."""
        rows, uses = places if isinstance(places, tuple) else (places, self.mask.shape[1])
        return Reception(*(values.expand(self.mask.shape)[rows, :uses] for values in self._parts()))

    @classmethod
    def joined(cls, receptions: "Sequence[Reception]") -> "Reception":
        """Receptions of equal width, one below the other."""
        expanded = ([values.expand(reception.mask.shape) for values in reception._parts()] for reception in receptions)
        parts = zip(*expanded, strict=True)
        return cls(*map(torch.cat, parts))

    def _parts(self) -> tuple[Tensor, ...]:
        return self.symbols, self.noise_variance, self.mask, self.bias.to(self.symbols.device)


class Channel(nn.Module, ABC):
    """Frame in, equalised Reception out. A channel knows no codec and keeps no state between calls."""

    @abstractmethod
    def forward(self, frame: Frame, snr_db: float | Tensor, generator: torch.Generator) -> Reception:
        """Sends a frame at Es/N0 = `snr_db` (dB per channel use; one number, or float [batch]; inf: without noise).

        Differentiable with respect to the symbols; all randomness comes from `generator`, which is on the
        device of the symbols. Errors: ChannelError when `snr_db` has neither form or is not a number.
        """

    def data_uses(self, mask: Tensor) -> Tensor:
        """Channel uses that carry the symbols of each example: float64 [batch]. mask: their places, [batch, uses]."""
        return mask.sum(dim=1).double()

    def total_uses(self, mask: Tensor) -> Tensor:
        """All channel uses that each example costs: those with data, pilots, and whatever else the link spends."""
        return self.data_uses(mask)
