"""DeepJSCC: convolutions map pixels to symbols, transposed convolutions map symbols to pixels."""

import copy
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.codecs.deepjscc.configuration import STRIDE, DeepJsccConfig
from semlink.codecs.pixel_codec import PixelCodec
from semlink.codecs.pixels import check_uses, extend
from semlink.codecs.posterior import Posterior
from semlink.codecs.representation import Spread, posterior, receiver_features

WIDTHS = (16, 32, 32, 32)  # filters of the hidden layers of the encoder; the decoder has them in reverse
STRIDES = (2, 2, 1, 1, 1)


class DeepJscc(PixelCodec):
    """Five convolutions of 5 x 5 pixels at each end, with PReLU between and a sigmoid at the end.

    Filters 2i and 2i + 1 at one place are the in-phase and the quadrature part of one channel use. Being fully
    convolutional it takes images of any size as they are.

    Source: Bourtsoulatze, Burth Kurka and Gündüz, Deep Joint Source-Channel Coding for Wireless Image Transmission,
            2019; for `adaptive`: Xu et al., Wireless Image Transmission Using Deep Source Channel Coding With Attention
            Modules, 2021.
    Differs: with `adaptive` only the receiver knows the noise variance, since a sender does not know it here. It comes
            as a map beside the symbols, so that it may vary over an image as it does with fading.
    """

    config_class = DeepJsccConfig
    config: DeepJsccConfig

    def __init__(self, config: DeepJsccConfig) -> None:
        super().__init__(config)
        reals = 2 * config.filters
        layers: list[nn.Module] = []
        for (before, after), stride in zip(pairwise((config.channels, *WIDTHS)), STRIDES[:-1], strict=True):
            layers += [Convolution(before, after, stride), nn.PReLU(after)]
        self.encoder = nn.Sequential(*layers)
        self.mean = nn.Sequential(Convolution(WIDTHS[-1], reals, STRIDES[-1]), nn.PReLU(reals))
        self.spread = Spread(WIDTHS[-1], reals) if config.variational else None
        widths = (3 * config.filters if config.adaptive else reals, *WIDTHS[::-1], config.channels)
        layers = []
        for (before, after), stride in zip(pairwise(widths), STRIDES[::-1], strict=True):
            layers += [Transposed(before, after, stride), nn.PReLU(after)]
        self.decoder = nn.Sequential(*layers[:-1], nn.Sigmoid())
        self.post_init()

    @property
    def sender(self) -> tuple[nn.Module, ...]:
        return (self.encoder, self.mean, *((self.spread,) if self.spread is not None else ()))

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        return (self.decoder,)

    def resized(self, height: int, width: int) -> "DeepJscc":
        other = copy.copy(self)  # shares the weights
        other.config = copy.copy(self.config)
        other.config.height, other.config.width = height, width
        return other

    def represent(self, batch: Tensor) -> Posterior:
        features = self.encoder(extend(batch, *(STRIDE * places for places in self.config.places)))
        mean = self._uses_of(self.mean(features))
        sigma = None
        if self.spread is not None:  # a convolution of one pixel
            sigma = self._uses_of(functional.softplus(self.spread(features.movedim(1, -1))).movedim(-1, 1))
        mask = torch.ones(mean.shape[:2], dtype=torch.bool, device=batch.device)
        return posterior(mean, sigma, mask, self.config.representation_variance)

    def decode(self, reception: Reception) -> Tensor:
        check_uses(reception, self.config.uses)
        seen = receiver_features(reception) if self.config.adaptive else torch.view_as_real(reception.symbols)
        maps = seen.unflatten(1, (self.config.filters, *self.config.places)).movedim(-1, 2).flatten(1, 2)
        pixels: Tensor = self.decoder(maps)
        return pixels[..., : self.config.height, : self.config.width]

    def element_losses(self, batch: Tensor, reception: Reception) -> tuple[Tensor, Tensor]:
        errors = (self.decode(reception) - batch).square().mean(dim=1, keepdim=True)
        height, width = (STRIDE * places for places in self.config.places)
        missing = (0, width - errors.shape[-1], 0, height - errors.shape[-2])
        share = height * width / errors[0].numel()  # of what blocks at the edge hold, so that the mean is the image's
        losses = share * functional.avg_pool2d(functional.pad(errors, missing), STRIDE).flatten(1)
        return losses, torch.ones_like(losses, dtype=torch.bool)

    def _uses_of(self, maps: Tensor) -> Tensor:
        """Filters float32 [batch, 2 * filters, rows, columns] as channel uses [batch, uses, 2]."""
        uses: Tensor = maps.unflatten(1, (self.config.filters, 2)).movedim(2, -1).flatten(1, 3)
        return uses


class Convolution(nn.Conv2d):
    """5 x 5 pixels; weights start so that what passes through PReLU keeps its power."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__(before, after, 5, stride, padding=2)

    def reset_parameters(self) -> None:
        _keep_power(self, self.in_channels)


class Transposed(nn.ConvTranspose2d):
    """The same, transposed: multiplies the sides by its stride."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__(before, after, 5, stride, padding=2, output_padding=stride - 1)

    def reset_parameters(self) -> None:
        _keep_power(self, self.in_channels / self.stride[0] ** 2)


def _keep_power(layer: nn.Conv2d | nn.ConvTranspose2d, maps: float) -> None:
    """Source: He et al., Delving Deep into Rectifiers, 2015, for the slope 0.25 of a fresh PReLU."""
    nn.init.normal_(layer.weight, std=(2 / (1 + 0.25**2) / (25 * maps)) ** 0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
