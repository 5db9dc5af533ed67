"""The latents from which a generator comes closest to given images."""

import torch
from torch import Tensor

from semlink.channels.power import normalise_power
from semlink.codecs.generative.model import Adversarial

RESTARTS = 3
STEPS = 150  # of each
RATE = 0.1
INVERSION_STEPS = RESTARTS * STEPS


def invert(codec: Adversarial, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """argmin_z mean (G(z, y) - x)^2 over latents of unit energy, as those of the prior.

    The best of 3 starts from the prior, 150 Adam steps each.

    In:  images: float32 [n, channels, height, width] in 0..1. labels: int64 [n].
    Out: float32 [n, uses, 2]. The codec stays as it is.
    """
    latents, errors = [], []
    for _ in range(RESTARTS):
        free = codec.prior(len(images), generator).requires_grad_()
        optimiser = torch.optim.Adam([free], lr=RATE)
        for _ in range(STEPS):
            (free.grad,) = torch.autograd.grad(_errors(codec, _unit(free), images, labels).sum(), [free])
            optimiser.step()
        with torch.no_grad():
            latents.append(_unit(free))
            errors.append(_errors(codec, latents[-1], images, labels))
    best = torch.stack(errors).argmin(dim=0)
    return torch.stack(latents)[best, torch.arange(len(images), device=best.device)]


def _errors(codec: Adversarial, latent: Tensor, images: Tensor, labels: Tensor) -> Tensor:
    return (codec.generate(latent, labels) - images).square().flatten(1).mean(dim=1)


def _unit(free: Tensor) -> Tensor:
    used = torch.ones(free.shape[:2], dtype=torch.bool, device=free.device)
    return torch.view_as_real(normalise_power(torch.view_as_complex(free), used))
