"""Circular complex Gaussian draws."""

import torch
from torch import Tensor

CHUNK = 1 << 20  # complex samples that are drawn and scaled at a time, while they are still in the cache


def complex_normal(variance: Tensor, uses: int, generator: torch.Generator) -> Tensor:
    """Independent samples of CN(0, variance): variance / 2 per real dimension.

    In:     variance: float32 [batch, 1], of the complex sample. generator: on the same device.
    Out:    complex64 [batch, uses].
    """
    samples = torch.empty(len(variance), uses, 2, device=variance.device)
    deviation = (variance / 2).sqrt().unsqueeze(-1)
    rows = max(1, CHUNK // max(1, uses))
    for part, scale in zip(torch.split(samples, rows), torch.split(deviation, rows), strict=True):
        part.normal_(generator=generator).mul_(scale)
    return torch.view_as_complex(samples)
