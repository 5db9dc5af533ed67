"""A codec of images: one hidden layer at each end."""

import torch
from torch import Tensor, nn

import semlink as sl
from semlink.codecs.configuration import PixelCodecConfig
from semlink.codecs.pixel_codec import PixelCodec
from semlink.codecs.posterior import Posterior
from semlink.codecs.representation import posterior


class TinyConfig(PixelCodecConfig):
    """hidden: width of the hidden layers. The others: see `PixelCodecConfig`."""

    model_type = "tiny"  # stored codecs are found again by it
    hidden: int = 64

    @property
    def uses(self) -> int:
        """Channel uses of an image."""
        return max(1, round(self.bandwidth_ratio * self.height * self.width * self.channels))


@sl.register("codec", "tiny")
class Tiny(PixelCodec):
    """Pixels to symbols and back through one hidden layer each."""

    config_class = TinyConfig
    config: TinyConfig

    def __init__(self, config: TinyConfig) -> None:
        super().__init__(config)
        pixels, wide, reals = config.height * config.width * config.channels, config.hidden, 2 * config.uses
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, wide), nn.GELU(), nn.Linear(wide, reals))
        self.decoder = nn.Sequential(nn.Linear(reals, wide), nn.GELU(), nn.Linear(wide, pixels), nn.Sigmoid())
        self.post_init()

    sender = property(lambda self: (self.encoder,))
    receiver = property(lambda self: (self.decoder,))

    def represent(self, batch: Tensor) -> Posterior:
        mean = self.encoder(batch).unflatten(1, (-1, 2))  # [batch, uses, 2]: in-phase and quadrature
        used = torch.ones(mean.shape[:2], dtype=torch.bool, device=batch.device)
        return posterior(mean, None, used, self.config.representation_variance)

    def decode(self, reception: sl.Reception) -> Tensor:
        shape = self.config.channels, self.config.height, self.config.width
        return self.decoder(torch.view_as_real(reception.symbols).flatten(1)).unflatten(1, shape)

    def element_losses(self, batch: Tensor, reception: sl.Reception) -> tuple[Tensor, Tensor]:
        losses = (self.decode(reception) - batch).square().flatten(1)  # each pixel is an element
        return losses, torch.ones_like(losses, dtype=torch.bool)

    def resized(self, height: int, width: int) -> "Tiny":
        raise sl.SemlinkError(f"A tiny codec takes images of its own size alone, not {height} by {width}.")
