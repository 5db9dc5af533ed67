"""Circular complex Gaussian draws."""

import torch
from torch import Tensor


def complex_normal(variance: Tensor, uses: int, generator: torch.Generator) -> Tensor:
    """Independent samples of CN(0, variance): variance / 2 per real dimension.

    In:     variance: float32 [batch, 1], of the complex sample. generator: on the same device.
    Out:    complex64 [batch, uses].
    """
    samples = torch.randn(len(variance), uses, 2, generator=generator, device=variance.device)
    return torch.view_as_complex(samples.mul_((variance / 2).sqrt().unsqueeze(-1)))
