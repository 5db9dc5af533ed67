"""The channel with additive white Gaussian noise."""

import torch
from torch import Tensor

from semlink.channels.contract import Channel, Frame, Reception
from semlink.channels.noise import complex_normal
from semlink.channels.snr import noise_variance


class Awgn(Channel):
    """Adds circular complex Gaussian noise at a given Es/N0.

    y = s + n,  n ~ CN(0, N0),  N0 = 10 ** (-snr_db / 10): N0 / 2 per real dimension.

    In:     frame: symbols complex64 [batch, uses], mean energy 1 over the used symbols of each example.
            snr_db: Es/N0 in dB per channel use, one number or [batch]; inf means no noise.
            generator: all randomness; same device as the symbols.
    Out:    Reception: symbols complex64 [batch, uses], zero where unused; noise_variance float32 [batch, 1].
    Errors: ChannelError when snr_db is neither one number nor one per example.
    Source: Tse and Viswanath, Fundamentals of Wireless Communication, 2005, section 2.2.4.
    """

    def forward(self, frame: Frame, snr_db: float | Tensor, generator: torch.Generator) -> Reception:
        batch, uses = frame.symbols.shape
        variance = noise_variance(snr_db, batch, frame.symbols.device)
        # In place from here on: a second tensor of this size would cost more than the arithmetic.
        received = complex_normal(variance, uses, generator).add_(frame.symbols)
        return Reception(received.masked_fill_(~frame.mask, 0), variance, frame.mask)
