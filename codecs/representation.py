"""Between features and symbols: the posterior of a channel encoder and the input of a channel decoder."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.channels.power import normalise_power
from semlink.codecs.configuration import TransformerCodecConfig
from semlink.codecs.posterior import Posterior

INITIAL_SIGMA = 0.1  # a variational codec starts with little noise of its own, so that it learns as fast as without
LOG_VARIANCE_LIMITS = (
    -6.0,
    4.0,
)  # of the noise, natural logarithm: 26 dB to -17 dB; beyond them a receiver need not adapt


class Spread(nn.Linear):
    """The layer before sigma = softplus(.): it starts with sigma = INITIAL_SIGMA everywhere."""

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.weight)
        nn.init.constant_(self.bias, math.log(math.expm1(INITIAL_SIGMA)))


class ChannelEncoder(nn.Module):
    """Features of each token to `symbols` complex symbols of it, as a Gaussian.

    In:  features float32 [batch, tokens, d_model].
    Out: mean float32 [batch, tokens, symbols, 2]; sigma of the same shape when variational, else None.
    """

    def __init__(self, config: TransformerCodecConfig, symbols: int) -> None:
        super().__init__()
        self.symbols = symbols
        self.hidden = nn.Sequential(nn.Linear(config.d_model, config.d_model), nn.GELU())
        self.mean = nn.Linear(config.d_model, 2 * symbols)
        self.spread = Spread(config.d_model, 2 * symbols) if config.variational else None

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor | None]:
        hidden = self.hidden(features)
        shape = (*features.shape[:2], self.symbols, 2)
        mean = self.mean(hidden).view(shape)
        return mean, None if self.spread is None else functional.softplus(self.spread(hidden)).view(shape)


def posterior(mean: Tensor, sigma: Tensor | None, mask: Tensor, variance: float) -> Posterior:
    """q(z|x) from the outputs of a channel encoder.

    A variational encoder's Gaussian is as it was learned. Without sigma the mean is normalised in power first, so
    that the fixed `variance` per real dimension has a meaning.

    In: mean, sigma float32 [batch, uses, 2]; mask bool [batch, uses].
    """
    if sigma is not None:
        return Posterior(mean, 2 * sigma.log(), mask, sampled=True)
    symbols = normalise_power(torch.view_as_complex(mean.contiguous()), mask)
    latent = torch.view_as_real(symbols)
    return Posterior(latent, torch.full_like(latent, math.log(variance)), mask, sampled=False)


def receiver_features(reception: Reception) -> Tensor:
    """What a channel decoder sees of each channel use: float32 [batch, uses, 3].

    In-phase and quadrature, shrunk by 1 / (1 + noise variance) as the linear estimate of a unit-energy symbol is, and
    the logarithm of the noise variance within LOG_VARIANCE_LIMITS; all 0 where unused.
    """
    noise_variance = reception.noise_variance.expand(reception.symbols.shape)
    shrunk = torch.view_as_real(reception.symbols / (1 + noise_variance))
    low, high = LOG_VARIANCE_LIMITS
    level = noise_variance.clamp(math.exp(low), math.exp(high)).log() / (high - low)
    return torch.cat([shrunk, level.unsqueeze(-1)], dim=-1) * reception.mask.unsqueeze(-1)
