"""One-tap equalisation, and how far an equalised symbol is from the sent one."""

from typing import Literal

import torch
from torch import Tensor

from semlink.channels.csi import Knowledge

Equaliser = Literal["zf", "mmse", "none"]
FLOOR = 1e-6  # a gain more than 60 dB down is not inverted any further, so that all outputs stay finite


def equaliser_weight(equaliser: Equaliser, knowledge: Knowledge, noise_variance: Tensor) -> Tensor:
    """The factor g by which the receiver multiplies what arrived: complex64, broadcastable to [batch, blocks].

    zf: 1 / mean,  mmse: mean* / (|mean|^2 + variance + N0),  none: 1
    of the gain that the receiver knows as CN(mean, variance). Denominators are at least FLOOR.
    """
    if equaliser == "none":
        return torch.ones_like(knowledge.mean)
    power = _energy(knowledge.mean)
    if equaliser == "mmse":
        power = power + knowledge.variance + noise_variance
    return knowledge.mean.conj() / power.clamp_min(FLOOR)


def mean_squared_error(weight: Tensor, knowledge: Knowledge, noise_variance: Tensor) -> Tensor:
    """The mean of |g y - s|^2 for unit symbols given what the receiver knows: float32 [batch, blocks].

    y = h s + n with h = mean + d, d ~ CN(0, variance), n ~ CN(0, N0), hence
        g y - s = (g mean - 1) s + g (d s + n),
    whose first term is known and whose others have mean 0 and are independent, so with |s| = 1
        E|g y - s|^2 = |g mean - 1|^2 + |g|^2 (variance + N0).
    It holds for every weight g, so for every kind of knowledge and equaliser.
    """
    return _energy(weight * knowledge.mean - 1) + _energy(weight) * (knowledge.variance + noise_variance)


def _energy(values: Tensor) -> Tensor:
    return torch.view_as_real(values.resolve_conj()).square().sum(dim=-1)
