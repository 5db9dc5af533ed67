"""Fading gains: their law, their coherence and their random draws. `fading.py` applies them."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from semlink.channels.noise import complex_normal

Coherence = Literal["symbol", "block"] | int


@dataclass(frozen=True)
class GainLaw:
    """A complex gain h ~ CN(mean, variance) with E|h|^2 = mean^2 + variance = 1 and a line of sight of phase 0."""

    mean: float
    variance: float


def coherence_length(coherence: Coherence, uses: int) -> int:
    """How many neighbouring channel uses share a gain, in examples of `uses` uses; at least 1."""
    if coherence == "symbol":
        return 1
    return max(1, uses if coherence == "block" else min(coherence, uses))


def block_count(coherence: Coherence, uses: int) -> int:
    """How many gains an example of `uses` uses meets."""
    return -(-uses // coherence_length(coherence, uses))


def draw_gains(law: GainLaw, batch: int, blocks: int, generator: torch.Generator) -> Tensor:
    """Independent gains, one for each coherence block of each example: complex64 [batch, blocks]."""
    variance = torch.full((batch, 1), law.variance, device=generator.device)
    return complex_normal(variance, blocks, generator).add_(law.mean)


def spread(values: Tensor, coherence: Coherence, uses: int) -> Tensor:
    """Values [batch, blocks] of coherence blocks as values of channel uses, broadcastable to [batch, uses]."""
    length = coherence_length(coherence, uses)
    if length == 1 or values.shape[1] == 1:
        return values
    return values.repeat_interleave(length, dim=1)[:, :uses]


def occupied_blocks(mask: Tensor, coherence: Coherence) -> Tensor:
    """How many coherence blocks hold a used symbol of each example: int64 [batch], from bool [batch, uses]."""
    batch, uses = mask.shape
    length, blocks = coherence_length(coherence, uses), block_count(coherence, uses)
    return pad(mask, (0, blocks * length - uses)).view(batch, blocks, length).any(dim=2).sum(dim=1)
