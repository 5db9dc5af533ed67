"""The latents from which a generator comes closest to given images."""

from typing import Any

import torch
from torch import Tensor

RESTARTS = 3
STEPS = 150  # of each
RATE = 0.1
PRIOR = 1e-3
INVERSION_STEPS = RESTARTS * STEPS


def invert(codec: Any, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """argmin_z mean (G(z, y) - x)^2 + 0.001 mean z^2, the best of 3 starts from the prior, 150 Adam steps each.

    In:  images: float32 [n, channels, height, width] in 0..1. labels: int64 [n].
    Out: float32 [n, uses, 2]. The codec stays as it is.
    """
    latents, errors = [], []
    for _ in range(RESTARTS):
        latent = codec.prior(len(images), generator).detach().clone().requires_grad_()
        optimiser = torch.optim.Adam([latent], lr=RATE)
        for _ in range(STEPS):
            error = (codec.generate(latent, labels) - images).square().flatten(1).mean(dim=1)
            loss = (error + PRIOR * latent.square().mean(dim=(1, 2))).sum()
            (latent.grad,) = torch.autograd.grad(loss, [latent])
            optimiser.step()
        latents.append(latent.detach())
        with torch.no_grad():
            errors.append((codec.generate(latent, labels) - images).square().flatten(1).mean(dim=1))
    best = torch.stack(errors).argmin(dim=0)
    return torch.stack(latents)[best, torch.arange(len(images), device=best.device)]
