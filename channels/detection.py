"""Linear detection of several streams by several antennas, and how far off a detected symbol is."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from semlink.channels.csi import ChannelEstimate
from semlink.channels.equaliser import FLOOR, equalise

Detector = Literal["mmse", "zf"]


@dataclass(frozen=True)
class Detection:
    """The matrix W that turns the signals of the antennas into estimates of the streams, and the error that remains.

    weights: W, complex64 [batch, elements, streams, receive].
    error:   the mean of |W y - s|^2, float32 [batch, elements, streams].
    bias:    the diagonal of W M, complex64 [batch, elements, streams]: the mean of the estimate of a symbol 1.
    """

    weights: Tensor
    error: Tensor
    bias: Tensor

    def apply(self, received: Tensor) -> Tensor:
        """Estimates [batch, elements, streams] from received signals [batch, elements, receive]."""
        return times(self.weights, received)


def detect(detector: Detector, estimate: ChannelEstimate, noise_variance: Tensor) -> Detection:
    """Weights and error for gains that the receiver knows as h ~ CN(m, v), independent of each other.

    What arrives is y = (M + D) s + n with streams s of unit energy, D the part of the gains that is not known and
    n ~ CN(0, N0 I). D s + n has mean 0 and covariance r I, r = N0 + the sum of v over the streams. With
        W = Q M^H,  Q = (M^H M + l I)^-1,  mmse: l = r,  zf: l = 0, and in either case l of at least FLOOR,
    mmse leaves the smallest error that a linear receiver can, as long as r is above FLOOR. For every l
        E|W y - s|^2 = the diagonal of (W M - I)(W M - I)^H + r W W^H,  W M - I = -l Q,  W W^H = Q - l Q^2.
    One stream at one antenna is left to `equalise`.

    In:     estimate: mean complex64 [batch, elements, receive, streams]; variance float32, broadcastable to [batch,
            elements, streams], the same at every receive antenna. noise_variance: N0, float32 [batch, 1].
    Source: Tse and Viswanath, Fundamentals of Wireless Communication, 2005, section 8.3.3.
    """
    mean, variance = estimate.mean, estimate.variance
    if mean.shape[2:] == (1, 1):
        single = ChannelEstimate(mean[..., 0, 0], variance[..., 0])
        scalar = equalise(detector, single, noise_variance)
        return Detection(scalar.weight[..., None, None], scalar.error.unsqueeze(2), scalar.bias.unsqueeze(2))
    unknown = variance.expand(-1, -1, mean.shape[3]).sum(dim=2, keepdim=True)
    disturbance = noise_variance.unsqueeze(2) + unknown
    load = (disturbance if detector == "mmse" else torch.zeros_like(disturbance)).clamp_min(FLOOR)
    gram = mean.mH @ mean
    gram.diagonal(dim1=2, dim2=3).add_(load)
    inverse, _ = torch.linalg.inv_ex(gram)
    weights = inverse @ mean.mH
    left = load.unsqueeze(3) * inverse  # -(W M - I); scaled before it is squared, so that nothing overflows
    squares = (left.real.square() + left.imag.square()).sum(dim=3)
    energy = (left.real.diagonal(dim1=2, dim2=3) - squares).clamp_min(0)  # the diagonal of l W W^H
    bias = torch.einsum("besr,bers->bes", weights, mean)
    return Detection(weights, squares + disturbance / load * energy, bias)


def times(matrices: Tensor, vectors: Tensor) -> Tensor:
    """A matrix by a vector at each element: [.., rows, columns] and [.., columns] give [.., rows]."""
    if matrices.shape[-2:] == (1, 1):
        return matrices[..., 0] * vectors
    return (matrices @ vectors.unsqueeze(-1)).squeeze(-1)
