"""A channel: noise that comes in bursts, as from switches and engines."""

import torch

import semlink as sl
from semlink.channels.noise import complex_normal
from semlink.channels.snr import noise_variance


@sl.register("channel", "impulsive")
class Impulsive(sl.Channel):
    """Gaussian noise that is `ratio` times as strong in a share of the channel uses; its mean power is N0.

    The receiver does not know which uses are hit. Source: Bernoulli-Gaussian noise; M. Ghosh, 1996.
    """

    def __init__(self, share: float = 0.05, ratio: float = 100.0) -> None:
        super().__init__()
        self.share, self.ratio = share, ratio

    def forward(self, frame: sl.Frame, snr_db: float | torch.Tensor, generator: torch.Generator) -> sl.Reception:
        batch, uses = frame.symbols.shape
        mean = noise_variance(snr_db, batch, frame.symbols.device)  # N0
        hit = torch.rand(batch, uses, generator=generator, device=mean.device) < self.share
        scale = torch.where(hit, self.ratio, 1.0) / (1 + self.share * (self.ratio - 1))
        received = frame.symbols + complex_normal(mean, uses, generator) * scale.sqrt()
        return sl.Reception(received.masked_fill(~frame.mask, 0), mean, frame.mask)
