"""The Fréchet distance: how far two sets of features lie apart, seen as two Gaussians."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def frechet_distance(first: Floats, second: Floats) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2)), m the means and S the covariances.

    It depends on the features, and with few samples it is biased upwards: only distances of equally many samples of the
    same features compare.

    In:     features [samples, size] of each set, at least two samples.
    Errors: ValueError when there are fewer.
    Source: Heusel et al., GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium, 2017; the
            distance is of D. C. Dowson and B. V. Landau, 1982.
    """
    if min(len(first), len(second)) < 2:
        raise ValueError("a distance of distributions needs at least two samples of each")
    (mean, spread), (other_mean, other_spread) = (
        (features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))) for features in (first, second)
    )
    root = _root(spread)
    mixed = np.linalg.eigvalsh(root @ other_spread @ root)
    overlap = np.sqrt(mixed.clip(0)).sum()
    shift = np.square(mean - other_mean).sum()
    return float(shift + np.trace(spread) + np.trace(other_spread) - 2 * overlap)


def _root(matrix: Floats) -> Floats:
    """The square root of a symmetric matrix without negative eigenvalues (but for rounding)."""
    values, vectors = np.linalg.eigh(matrix)
    root: Floats = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return root
