"""Channel state information: what the receiver knows of the gains, as a distribution."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from semlink.channels.gains import GainLaw
from semlink.channels.noise import complex_normal

Csi = Literal["perfect", "estimated", "none"]


@dataclass(frozen=True)
class ChannelEstimate:
    """The gain of each coherence block given all that the receiver knows: h ~ CN(mean, variance).

    mean: complex64 and variance: float32, both broadcastable to [batch, blocks].
    """

    mean: Tensor
    variance: Tensor


def perfect_estimate(gains: Tensor) -> ChannelEstimate:
    """The receiver knows the gains: mean h, variance 0."""
    return ChannelEstimate(gains, torch.zeros((1, 1), device=gains.device))


def prior_estimate(law: GainLaw, device: torch.device) -> ChannelEstimate:
    """The receiver knows only the law of the gains."""
    mean = torch.full((1, 1), law.mean, dtype=torch.complex64, device=device)
    return ChannelEstimate(mean, torch.full((1, 1), law.variance, device=device))


def pilot_estimate(
    gains: Tensor, law: GainLaw, noise_variance: Tensor, pilots: int, generator: torch.Generator
) -> ChannelEstimate:
    """The receiver receives unit pilots in each coherence block and combines them with the law of the gains.

    The mean of the received pilots is o = h + e, e ~ CN(0, r), r = N0 / pilots. With the prior h ~ CN(m, s) the
    product of the two Gaussians is
        mean = (s o + r m) / (s + r),  variance = s r / (s + r):
    the minimum mean-square-error estimate and its error.

    In:     gains: complex64 [batch, blocks]. noise_variance: N0, float32 [batch, 1].
    Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, 1993, section 10.6.
    """
    error_variance = noise_variance / pilots
    observed = complex_normal(error_variance, gains.shape[1], generator).add_(gains)
    trust = law.variance / (law.variance + error_variance)
    doubt = error_variance / (law.variance + error_variance)
    return ChannelEstimate(trust * observed + doubt * law.mean, law.variance * doubt)
