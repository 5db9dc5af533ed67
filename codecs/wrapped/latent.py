"""Between a user's latent and channel uses."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from semlink.channels.contract import Reception
from semlink.codecs.representation import LOG_VARIANCE_LIMITS


@dataclass(frozen=True)
class Latent:
    """The form of what an encoder gives for one example, and its channel uses.

    shape:   without the batch. complex_valued: one value is one channel use. Otherwise values 2i and 2i + 1, in the
             order of memory (the last dimension first), are the in-phase and the quadrature part of use i.
    """

    shape: tuple[int, ...]
    complex_valued: bool

    @classmethod
    def of(cls, values: Tensor) -> "Latent":
        """That of a batch of them."""
        return cls(tuple(int(size) for size in values.shape[1:]), values.is_complex())

    @property
    def reals(self) -> int:
        """Real values of one example."""
        return math.prod(self.shape) * (2 if self.complex_valued else 1)

    @property
    def uses(self) -> int:
        """Complex channel uses of one example."""
        return self.reals // 2

    def as_uses(self, values: Tensor) -> Tensor:
        """A batch of latents as float32 [batch, uses, 2] (in-phase, quadrature)."""
        reals = torch.view_as_real(values) if values.is_complex() else values
        uses: Tensor = reals.float().flatten(1).unflatten(1, (self.uses, 2))
        return uses

    def of_symbols(self, symbols: Tensor) -> Tensor:
        """Symbols complex64 [batch, uses] as latents [batch, *shape]."""
        reals = torch.view_as_real(symbols).flatten(1)
        if self.complex_valued:
            return torch.view_as_complex(reals.unflatten(1, (*self.shape, 2)))
        latents: Tensor = reals.unflatten(1, self.shape)
        return latents

    def noise_variance_of(self, reception: Reception) -> Tensor:
        """The noise variance of the channel use of each value: float32 [batch, *shape], within LOG_VARIANCE_LIMITS."""
        low, high = (math.exp(limit) for limit in LOG_VARIANCE_LIMITS)
        of_uses = reception.noise_variance.expand(reception.mask.shape).clamp(low, high)
        of_values = of_uses if self.complex_valued else of_uses.unsqueeze(-1).expand(*of_uses.shape, 2).flatten(1)
        variances: Tensor = of_values.unflatten(1, self.shape)
        return variances
