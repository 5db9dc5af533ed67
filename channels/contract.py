"""What goes into the air, what comes out of it, and the contract of everything between."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Frame:
    """What an encoder sends: one complex baseband symbol for each channel use.

    symbols: complex64 [batch, uses], mean energy 1 over the used symbols of each example, 0 where unused.
    mask:    bool [batch, uses], the channel uses that an example occupies.
    """

    symbols: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Reception:
    """What a decoder gets: an estimate of each sent symbol, and how far off that estimate is on average.

    symbols:        complex64 [batch, uses], equalised, 0 where unused.
    noise_variance: float32, broadcastable to [batch, uses]: the mean of |estimate - sent symbol|^2 for symbols of
                    unit energy, given what the receiver knows of the channel.
    mask:           bool [batch, uses], as in the frame.
    """

    symbols: Tensor
    noise_variance: Tensor
    mask: Tensor


class Channel(nn.Module, ABC):
    """Frame in, equalised Reception out. A channel knows no codec and keeps no state between calls."""

    @abstractmethod
    def forward(self, frame: Frame, snr_db: float | Tensor, generator: torch.Generator) -> Reception:
        """Sends a frame at Es/N0 = `snr_db` (dB per channel use; one number, or float [batch]; inf: without noise).

        Differentiable with respect to the symbols; all randomness comes from `generator`, which is on the
        device of the symbols. Errors: ChannelError when `snr_db` has neither form or is not a number.
        """

    def data_uses(self, mask: Tensor) -> Tensor:
        """Channel uses that carry the symbols of each example, whose places are `mask` [batch, uses]: float64 [batch]."""
        return mask.sum(dim=1).double()

    def total_uses(self, mask: Tensor) -> Tensor:
        """All channel uses that each example costs: those with data, pilots, and whatever else the link spends."""
        return self.data_uses(mask)
