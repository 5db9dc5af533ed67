"""Linear detection of several streams by several antennas, and how far off a detected symbol is."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from semlink.channels.csi import Knowledge
from semlink.channels.equaliser import FLOOR, equalise

Detector = Literal["mmse", "zf"]


@dataclass(frozen=True)
class Detection:
    """The matrix W that turns what the antennas hear into estimates of the streams, and what these are worth.

    weights: W, complex64 [batch, streams, receive, elements].
    error:   the mean of |W y - s|^2, float32 [batch, streams, elements].
    bias:    the diagonal of W M, complex64 [batch, streams, elements]: the mean of the estimate of a symbol 1.
    """

    weights: Tensor
    error: Tensor
    bias: Tensor

    def apply(self, received: Tensor) -> Tensor:
        """Estimates [batch, streams, elements] from what was received, [batch, receive, elements]."""
        if self.weights.shape[2] == 1:
            return self.weights[:, :, 0] * received
        return (self.weights * received.unsqueeze(1)).sum(dim=2)


def detect(detector: Detector, knowledge: Knowledge, noise_variance: Tensor) -> Detection:
    """Weights and error for gains that the receiver knows as h ~ CN(m, v), independent of each other.

    What arrives is y = (M + D) s + n with streams s of unit energy, D the part of the gains that is not known and
    n ~ CN(0, N0 I). D s + n has mean 0 and covariance r I, r = N0 + the sum of v over the streams. With
        W = (M^H M + l I)^-1 M^H,  mmse: l = r,  zf: l = 0, and in either case l of at least FLOOR,
    mmse leaves the smallest error that a linear receiver can, as long as r is above FLOOR. For every W
        E|W y - s|^2 = |W M - I|^2 + r |W|^2, row by row, and W M - I = -l (M^H M + l I)^-1.
    One stream at one antenna is left to `equalise`.

    In:     knowledge: mean complex64 [batch, receive, streams, elements]; variance float32, broadcastable to [batch,
            streams, elements], the same at every receive antenna. noise_variance: N0, float32 [batch, 1].
    Source: Tse and Viswanath, Fundamentals of Wireless Communication, 2005, section 8.3.3.
    """
    mean = knowledge.mean
    batch, receive, streams, elements = mean.shape
    if receive == streams == 1:
        variance = knowledge.variance.expand(batch, 1, elements)[:, 0]
        equalised = equalise(detector, Knowledge(mean[:, 0, 0], variance), noise_variance)
        return Detection(equalised.weight[:, None, None], equalised.error[:, None], equalised.bias[:, None])
    disturbance = noise_variance + knowledge.variance.expand(batch, streams, elements).sum(dim=1)
    load = (disturbance if detector == "mmse" else torch.zeros_like(disturbance)).clamp_min(FLOOR)
    gram = (mean.conj().unsqueeze(3) * mean.unsqueeze(2)).sum(dim=1)  # [batch, streams, streams, elements]
    gram.diagonal(dim1=1, dim2=2).add_(load.unsqueeze(2))
    inverse = invert(gram)
    weights = (inverse.unsqueeze(3) * mean.conj().transpose(1, 2).unsqueeze(1)).sum(dim=2)
    left, noise = (torch.view_as_real(part).square().sum(dim=(2, 4)) for part in (inverse, weights))
    error = load.square().unsqueeze(1) * left + disturbance.unsqueeze(1) * noise
    return Detection(weights, error, (weights * mean.transpose(1, 2)).sum(dim=2))


def invert(matrices: Tensor) -> Tensor:
    """Inverses of small Hermitian positive definite matrices, complex [batch, size, size, elements].

    Gauss-Jordan elimination without pivoting, one row of all matrices at a time: for sizes up to 4 much faster than a
    call of LAPACK for each of many thousand matrices.
    """
    size = matrices.shape[1]
    for pivot in range(size):
        scale = matrices[:, pivot, pivot].real.reciprocal()
        row, column = matrices[:, pivot] * scale.unsqueeze(1), matrices[:, :, pivot]
        reduced = matrices - column.unsqueeze(2) * row.unsqueeze(1)
        reduced[:, pivot] = row
        reduced[:, :, pivot] = -column * scale.unsqueeze(1)
        reduced[:, pivot, pivot] = scale.to(matrices.dtype)
        matrices = reduced
    return matrices
