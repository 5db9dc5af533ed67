"""Estimates of the gains at the data elements of a resource block from its pilots, as a distribution."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from semlink.channels.csi import ChannelEstimate
from semlink.channels.resource_grid import PILOT_SYMBOLS, SUBCARRIERS, ResourceGrid

Estimator = Literal["ls", "nearest", "lmmse"]
FLOOR = 1e-6  # weaker noise is taken for as much by "lmmse", so that its filter stays well conditioned


@dataclass(frozen=True)
class GainStatistics:
    """Second-order statistics of the gains of a block with E|h|^2 = 1, the same for all blocks and antenna pairs.

    across: E[h_data h_pilot*], complex128 [streams, data elements, pilots].
    among:  E[h_pilot h_pilot*], complex128 [pilots, pilots]; every stream has the same comb, only shifted.
    """

    across: Tensor
    among: Tensor


@dataclass(frozen=True)
class LinearEstimate:
    """An estimate m = A o of gains h from pilots o, and how the two vary together.

    value:      m, complex64 [batch, receive, streams, blocks, data elements].
    covariance: E[h m*], complex128 or float64 [batch, streams, data elements].
    variance:   E|m|^2, float64 [batch, streams, data elements].
    """

    value: Tensor
    covariance: Tensor
    variance: Tensor


class BlockEstimator(ABC):
    """Estimates the gains at the data elements of a block from the pilots of that block alone.

    The pilots say o = h + e, e ~ CN(0, N0), and the receiver combines them linearly, m = A o. Gain and estimate are
    jointly Gaussian with mean 0, and with c = E[h m*] and q = E|m|^2, both known in closed form,
        h given m ~ CN(c / q m, 1 - |c|^2 / q):
    noise of the pilots and error of the interpolation are both in that variance. This is exact for Rayleigh fading.
    A line of sight of unknown phase is not Gaussian; then c / q m is still the best linear estimate, and the variance
    the mean of its error over all gains rather than over those with this m.

    Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, 1993, sections 10.5 and 12.3.
    """

    @abstractmethod
    def combine(self, observed: Tensor, noise_variance: Tensor) -> LinearEstimate:
        """From pilots complex64 [batch, receive, streams, blocks, pilots] and N0 float64 [batch, 1, 1]."""

    def estimate(self, observed: Tensor, noise_variance: Tensor) -> ChannelEstimate:
        """The gains given the pilots complex64 [batch, receive, streams, blocks, pilots] and N0 float32 [batch, 1].

        Out: mean complex64 [batch, receive, streams, blocks, data elements], and variance float32 [batch, 1, streams,
             1, data elements].
        """
        combined = self.combine(observed, noise_variance.double().unsqueeze(2))
        trust = combined.covariance / combined.variance
        variance = 1 - (trust.conj() * combined.covariance).real
        mean = combined.value * trust.to(torch.complex64)[:, None, :, None]
        return ChannelEstimate(mean, variance.clamp_min(0).float()[:, None, :, None])


class Interpolator(BlockEstimator):
    """Weighs the pilots in a way that asks neither for the statistics of the gains nor for N0.

    Fields: weights: A, float64 [streams, data elements, pilots].
    """

    def __init__(self, weights: Tensor, statistics: GainStatistics) -> None:
        wide = weights.to(torch.complex128)
        self._weights = weights.to(torch.complex64)
        self._covariance = (statistics.across * wide.conj()).sum(dim=2)
        self._signal = torch.einsum("sdp,pq,sdq->sd", wide, statistics.among, wide.conj()).real
        self._noise = weights.square().sum(dim=2)

    def combine(self, observed: Tensor, noise_variance: Tensor) -> LinearEstimate:
        value = observed @ self._weights.to(observed.device).mT
        signal, noise = self._signal.to(observed.device), self._noise.to(observed.device)
        covariance = self._covariance.to(observed.device).expand(len(observed), -1, -1)
        return LinearEstimate(value, covariance, signal + noise_variance * noise)


class WienerFilter(BlockEstimator):
    """The linear estimate of least error: A = E[h o*] (E[o o*])^-1 = B diag(1 / (l + N0)) U^H.

    l and U are eigenvalues and eigenvectors of the correlation of the pilots, B = E[h o*] U: they serve every N0.
    """

    def __init__(self, statistics: GainStatistics) -> None:
        levels, directions = torch.linalg.eigh(statistics.among)
        outward = statistics.across @ directions
        self._levels, self._spread = levels.clamp_min(0), outward.abs().square()
        self._inward, self._outward = directions.conj().to(torch.complex64), outward.to(torch.complex64)

    def combine(self, observed: Tensor, noise_variance: Tensor) -> LinearEstimate:
        levels, spread = self._levels.to(observed.device), self._spread.to(observed.device)
        weights = (levels + noise_variance.clamp_min(FLOOR)).reciprocal()  # [batch, 1, pilots]
        components = (observed @ self._inward.to(observed.device)) * weights.float()[:, None, None]
        value = components @ self._outward.to(observed.device).mT
        covariance = spread @ weights.mT.unsqueeze(1)
        variance = spread @ (weights.square() * (levels + noise_variance)).mT.unsqueeze(1)
        return LinearEstimate(value, covariance.squeeze(3), variance.squeeze(3))


def build_estimator(
    name: Estimator, grid: ResourceGrid, correlation: Callable[[Tensor, Tensor], Tensor]
) -> BlockEstimator:
    """The estimator of that name for the pilots of a grid.

    ls:      linear interpolation between pilots in time and in frequency, held outside of them.
    nearest: the pilot that is nearest in time and in frequency, the earlier of two.
    lmmse:   the Wiener filter.

    In:     correlation: E[h(f + a, t + b) h(f, t)*] of frequency offsets a in Hz and time offsets b in seconds,
            float64 of one shape, as complex128 of that shape.
    """
    data = grid.data_places()
    pilots = [grid.pilot_places(stream) for stream in range(grid.streams)]

    def between(first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]) -> Tensor:
        subcarriers, symbols = (left.unsqueeze(1) - right for left, right in zip(first, second, strict=True))
        return correlation(subcarriers * grid.subcarrier_spacing_khz * 1e3, symbols / grid.symbol_rate)

    across = torch.stack([between(data, its_pilots) for its_pilots in pilots])
    statistics = GainStatistics(across, between(pilots[0], pilots[0]))
    if name == "lmmse":
        return WienerFilter(statistics)
    rule = _linear if name == "ls" else _nearest
    times = rule(data[1].numpy(), np.array(PILOT_SYMBOLS[grid.pilot_symbols]))
    combs = [rule(data[0].numpy(), np.arange(stream, SUBCARRIERS, grid.streams)) for stream in range(grid.streams)]
    weights = [(comb[:, :, None] * times[:, None, :]).reshape(len(times), -1) for comb in combs]
    return Interpolator(torch.from_numpy(np.stack(weights)), statistics)


def _linear(places: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Weights float64 [places, nodes] of linear interpolation between nodes, held outside of them."""
    return np.stack([np.interp(places, nodes, unit) for unit in np.eye(len(nodes))], axis=1)


def _nearest(places: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Weights float64 [places, nodes]: 1 for the nearest node, the first of two."""
    weights: np.ndarray = np.eye(len(nodes))[np.abs(places[:, None] - nodes).argmin(axis=1)]
    return weights
