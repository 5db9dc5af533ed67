"""The Fréchet distance against its closed form."""

import numpy as np
import pytest
from scipy import linalg

from semlink.simulator.frechet import frechet_distance


def test_one_dimension() -> None:
    """(m1 - m2)^2 + (s1 - s2)^2 for Gaussians of one variable."""
    first, second = np.array([[0.0], [2.0]]), np.array([[5.0], [5.0], [11.0]])
    expected = (1 - 7) ** 2 + (2**0.5 - 12**0.5) ** 2
    assert frechet_distance(first, second) == pytest.approx(expected)


def test_many_dimensions_against_the_matrix_square_root() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(50, 6)), random.normal(1, 2, size=(40, 6)) @ random.normal(size=(6, 6))
    spreads = [np.cov(one, rowvar=False) for one in (first, second)]
    root = linalg.sqrtm(spreads[0] @ spreads[1]).real
    shift = np.square(first.mean(axis=0) - second.mean(axis=0)).sum()
    expected = shift + np.trace(spreads[0] + spreads[1] - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected)
    assert frechet_distance(second, first) == pytest.approx(expected)


def test_equal_sets_are_at_no_distance() -> None:
    features = np.random.default_rng(1).normal(size=(9, 20))  # fewer samples than dimensions
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="two samples"):
        frechet_distance(features[:1], features)
