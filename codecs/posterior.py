"""The distribution of a representation given the data, and the divergences that training and unlearning use."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Posterior:
    """A diagonal Gaussian q(z|x) over the latent of each example, before power normalisation.

    mean, log_variance: float32 [batch, uses, 2] (in-phase, quadrature), natural logarithm.
    mask:               bool [batch, uses], the channel uses that an example occupies.
    sampled:            whether the encoder is variational. A deterministic encoder has a fixed variance, which stands
                        for the channel's noise in divergences and is never added to what is sent.
    """

    mean: Tensor
    log_variance: Tensor
    mask: Tensor
    sampled: bool

    def sample(self, generator: torch.Generator) -> Tensor:
        """z = mean + exp(log_variance / 2) * noise where the encoder is variational, else the mean."""
        if not self.sampled:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device)
        return self.mean + (0.5 * self.log_variance).exp() * noise


def divergence(first: Posterior, second: Posterior) -> Tensor:
    """KL(first || second) in nats, mean over the used dimensions of each example: float32 [batch].

    Source: closed form for diagonal Gaussians.
    """
    ratio = (first.log_variance - second.log_variance).exp()
    shift = (first.mean - second.mean).square() / second.log_variance.exp()
    return _mean_over_used(0.5 * (ratio + shift - 1 + second.log_variance - first.log_variance), first.mask)


def divergence_from_prior(posterior: Posterior) -> Tensor:
    """KL(posterior || N(0, I)) in nats, mean over the used dimensions of each example: float32 [batch]."""
    mean, log_variance = posterior.mean, posterior.log_variance
    return _mean_over_used(0.5 * (log_variance.exp() + mean.square() - 1 - log_variance), posterior.mask)


def _mean_over_used(values: Tensor, mask: Tensor) -> Tensor:
    used = mask.unsqueeze(-1)
    return (values * used).sum(dim=(1, 2)) / (values.shape[-1] * used.sum(dim=(1, 2))).clamp_min(1)
