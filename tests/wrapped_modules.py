"""Encoders and decoders as a user writes them, for the tests of wrapped codecs."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional


class Encoder(nn.Module):
    """Two convolutions; the latent has half the sides of the image. With `variational` it starts with sigma = 0.1."""

    def __init__(self, channels: int, variational: bool, filters: int = 4, body: Literal["relu", "gelu"] = "gelu"):
        super().__init__()
        self.first = nn.Conv2d(channels, 8, 3, stride=2, padding=1)
        self.activation = nn.ReLU() if body == "relu" else nn.GELU()
        self.last = nn.Conv2d(8, filters, 3, padding=1)
        self.spread = nn.Conv2d(8, filters, 1) if variational else None
        if self.spread is not None:
            nn.init.zeros_(self.spread.weight)
            self.spread.bias = nn.Parameter(torch.full((filters,), 2 * math.log(0.1)))

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        features = self.activation(self.first(images - 0.5))
        return self.last(features) if self.spread is None else (self.last(features), self.spread(features))


class Decoder(nn.Module):
    """The way back; it is told the noise variance of each value."""

    def __init__(self, channels: int, filters: int = 4, dropout: float = 0.0):
        super().__init__()
        self.first = nn.Conv2d(2 * filters, 8, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.last = nn.ConvTranspose2d(8, channels, 4, stride=2, padding=1)

    def forward(self, latent: Tensor, noise_variance: Tensor) -> Tensor:
        seen = torch.cat([latent / (1 + noise_variance), noise_variance.log() / 10], dim=1)
        images: Tensor = self.last(self.dropout(functional.gelu(self.first(seen)))).sigmoid()
        return images


class ComplexEncoder(nn.Module):
    """A complex latent, with one value for each channel use."""

    def __init__(self, height: int, width: int, channels: int, variational: bool, channel_uses: int = 12):
        super().__init__()
        self.reals = nn.Linear(height * width * channels, 2 * channel_uses)
        self.spread = nn.Parameter(torch.full((channel_uses,), 2 * math.log(0.1))) if variational else None

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        latent = torch.view_as_complex(self.reals(images.flatten(1)).unflatten(1, (-1, 2)))
        return latent if self.spread is None else (latent, self.spread.expand(latent.shape))


class Classifier(nn.Module):
    """Scores of classes from complex values; a wide layer, and a linear one at the end."""

    def __init__(self, classes: int, channel_uses: int = 12):
        super().__init__()
        self.first = nn.Linear(3 * channel_uses, 16)
        self.last = nn.Linear(16, classes)

    def forward(self, latent: Tensor, noise_variance: Tensor) -> Tensor:
        seen = torch.cat([torch.view_as_real(latent / (1 + noise_variance)).flatten(1), noise_variance.log() / 10], 1)
        scores: Tensor = self.last(functional.gelu(self.first(seen)))
        return scores
