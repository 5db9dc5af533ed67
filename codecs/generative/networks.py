"""The networks of a GAN: generator, discriminator, and the encoder that a link has beside them."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.codecs.generative.configuration import GanConfig
from semlink.errors import CodecError

SLOPE = 0.2  # of leaky ReLU for negative values


class Generator(nn.Module):
    """A latent to an image. No normalisation over a batch, so that an image does not depend on its company.

    In:  latent float32 [batch, uses, 2] of unit energy for each use; condition float32 [batch, classes].
    Out: float32 [batch, channels, height, width] in 0..1.
    Source: Radford, Metz and Chintala, Unsupervised Representation Learning with Deep Convolutional GANs, 2016, for
            dcgan. Differs: two layers, leaky ReLU, no batch normalisation.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        inputs = 2 * config.uses + (config.classes if config.conditional else 0)
        shape = config.channels, config.height, config.width
        if config.network == "mlp":
            widths = (inputs, config.hidden, config.hidden, config.hidden)
            layers: list[nn.Module] = []
            for before, after in pairwise(widths):
                layers += [nn.Linear(before, after), nn.LeakyReLU(SLOPE)]
            layers += [nn.Linear(config.hidden, shape[0] * shape[1] * shape[2]), nn.Unflatten(1, shape)]
        else:
            wide, rows, columns = 2 * config.filters, -(-config.height // 4), -(-config.width // 4)
            layers = [
                nn.Linear(inputs, wide * rows * columns),
                nn.LeakyReLU(SLOPE),
                nn.Unflatten(1, (wide, rows, columns)),
                nn.ConvTranspose2d(wide, config.filters, 4, stride=2, padding=1),
                nn.LeakyReLU(SLOPE),
                nn.ConvTranspose2d(config.filters, config.channels, 4, stride=2, padding=1),
            ]
        self.conditional = config.conditional
        self.size = shape[1:]
        self.layers = nn.Sequential(*layers)

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        values = 2**0.5 * latent.flatten(1)  # each of unit variance
        images: Tensor = self.layers(torch.cat([values, condition], dim=1) if self.conditional else values)
        return images[..., : self.size[0], : self.size[1]].sigmoid()


class Discriminator(nn.Module):
    """An image to a score, near 1 for real ones and near 0 for generated ones: float32 [batch].

    The class, where it is an input, comes as one plane of ones for it and planes of zeros for the others.
    Source: as the generator, with the least-squares scores of Mao et al., Least Squares GANs, 2017.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.conditional = config.conditional
        classes = config.classes if config.conditional else 0
        self.network = config.network
        if config.network == "mlp":
            features: nn.Module = nn.Sequential(
                nn.Linear(config.channels * config.height * config.width + classes, config.hidden),
                nn.LeakyReLU(SLOPE),
                nn.Linear(config.hidden, config.hidden),
                nn.LeakyReLU(SLOPE),
            )
            size = config.hidden
        else:
            features, size = convolutions(config, config.channels + classes)
        self.features, self.score = features, nn.Linear(size, 1)

    def forward(self, images: Tensor, condition: Tensor) -> Tensor:
        seen = 2 * images - 1
        if self.network == "mlp":
            seen = seen.flatten(1)
        if self.conditional:
            planes = condition if self.network == "mlp" else condition[:, :, None, None].expand(-1, -1, *seen.shape[2:])
            seen = torch.cat([seen, planes], dim=1)
        scores: Tensor = self.score(self.features(seen))
        return scores[:, 0]


class Encoder(nn.Module):
    """An image to what is sent of it: float32 [batch, channels, height, width] to [batch, 2 * uses] values."""

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        pixels = config.channels * config.height * config.width
        if config.network == "mlp":
            layers: nn.Module = nn.Sequential(nn.Flatten(), nn.Linear(pixels, config.hidden), nn.LeakyReLU(SLOPE))
            size = config.hidden
        else:
            layers, size = convolutions(config, config.channels)
        self.layers, self.last = layers, nn.Linear(size, 2 * config.uses)

    def forward(self, images: Tensor) -> Tensor:
        values: Tensor = self.last(self.layers(2 * images - 1))
        return values


def convolutions(config: GanConfig, planes: int) -> tuple[nn.Module, int]:
    """Two convolutions, each of which halves the sides, and how many features come out."""
    wide = 2 * config.filters
    layers = nn.Sequential(
        nn.Conv2d(planes, config.filters, 4, stride=2, padding=1),
        nn.LeakyReLU(SLOPE),
        nn.Conv2d(config.filters, wide, 4, stride=2, padding=1),
        nn.LeakyReLU(SLOPE),
        nn.Flatten(),
    )
    return layers, wide * (config.height // 2 // 2) * (config.width // 2 // 2)


def condition_of(labels: Tensor | None, count: int, classes: int, device: torch.device) -> Tensor:
    """The input of a network for the class, float32 [count, classes]: one-hot, or equal shares where it is unknown.

    In:     labels: int64 [count], -1 for unknown; float32 [count, classes], taken as they are; None: all unknown.
    Errors: CodecError for a class that the network does not know.
    """
    if labels is None:
        return torch.full((count, classes), 1 / classes, device=device)
    if labels.is_floating_point():
        return labels
    if (labels >= classes).any():
        raise CodecError(
            f"A record is of class {int(labels.max())}, and this codec knows {classes}; "
            "train one with more classes, or use a source whose records have these."
        )
    known = functional.one_hot(labels.clamp_min(0), classes).float()
    return torch.where((labels >= 0).unsqueeze(1), known, 1 / classes)
