"""One-tap equalisation, and how far an equalised symbol is from the sent one."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from semlink.channels.csi import ChannelEstimate

Equaliser = Literal["zf", "mmse", "none"]
FLOOR = 1e-6  # a gain more than 60 dB down is not inverted any further, so that all outputs stay finite


@dataclass(frozen=True)
class Equalisation:
    """The factor of a one-tap equaliser, the error that it leaves, and its bias; all broadcastable to [batch, blocks].

    weight: g, by which the receiver multiplies the received symbol y; complex64.
    error:  the mean of |g y - s|^2; float32.
    bias:   g m, the mean of g y for the symbol s = 1; complex64.
    """

    weight: Tensor
    error: Tensor
    bias: Tensor


def equalise(equaliser: Equaliser, estimate: ChannelEstimate, noise_variance: Tensor) -> Equalisation:
    """Weight and error for gains that the receiver knows as h ~ CN(m, v).

    The weight is
        zf: g = m* / |m|^2 = 1 / m,  mmse: g = m* / (|m|^2 + v + N0),  none: g = 1,
    with denominators of at least FLOOR. What arrives is y = h s + n with h = m + d, d ~ CN(0, v), n ~ CN(0, N0), so
        g y - s = (g m - 1) s + g (d s + n).
    Its first term is known and its others have mean 0 and are independent, so for symbols of unit energy
        E|g y - s|^2 = |g m - 1|^2 + |g|^2 (v + N0),
    exactly, for every weight and every kind of knowledge.

    In:     noise_variance: N0, float32 [batch, 1].
    """
    disturbance = estimate.variance + noise_variance
    if equaliser == "none":
        error = _energy(estimate.mean - 1) + disturbance
        return Equalisation(torch.ones_like(estimate.mean), error, estimate.mean)
    power = _energy(estimate.mean)
    scale = (power + disturbance if equaliser == "mmse" else power).clamp_min(FLOOR).reciprocal()
    # With g = scale m* the product g m = scale |m|^2 is real, and so is all that follows.
    error = (scale * power - 1).square() + scale.square() * power * disturbance
    return Equalisation((estimate.mean * scale).conj(), error, (scale * power).to(estimate.mean.dtype))


def _energy(values: Tensor) -> Tensor:
    return values.real.square() + values.imag.square()
