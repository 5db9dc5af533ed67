"""The paired difference of areas against hand-computed values, a bootstrap, and its own promise of coverage."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from semlink.unlearning.audits.paired_area import paired_area_difference
from semlink.unlearning.audits.separation import area_under_curve

Scores = tuple[np.ndarray, np.ndarray]


def scores(generator: np.random.Generator, shift: float, beside: float, together: float) -> tuple[Scores, Scores]:
    """Two scores of 60 members and 90 others, correlated; members lie `shift` and `beside` above the others."""
    spread = [[1.0, together], [together, 1.0]]
    members = generator.multivariate_normal([shift, beside], spread, size=60).T
    others = generator.multivariate_normal([0.0, 0.0], spread, size=90).T
    return (members[0], others[0]), (members[1], others[1])


def test_by_hand() -> None:
    """Members 1 and 3, others 0 and 2: area 3/4. With the first member at -1: area 1/2.

    d = (1/2 - 0, 1 - 1): variance 1/8. e, of the others 0 and 2: (1, 1/2) - (1/2, 1/2) = (1/2, 0): variance 1/8.
    """
    others = np.array([0.0, 2.0])
    interval = paired_area_difference((np.array([1.0, 3.0]), others), (np.array([-1.0, 3.0]), others))
    assert interval.value == pytest.approx(0.25)
    half = 1.959964 * math.sqrt(1 / 16 + 1 / 16)
    assert (interval.low, interval.high) == pytest.approx((0.25 - half, 0.25 + half), abs=1e-6)
    assert interval.n == 2


def test_it_is_the_difference_of_the_areas_and_changes_sign() -> None:
    first, second = scores(np.random.default_rng(0), 1.0, 0.3, 0.5)
    interval, back = paired_area_difference(first, second), paired_area_difference(second, first)
    assert interval.value == pytest.approx(area_under_curve(*first).value - area_under_curve(*second).value)
    assert (back.low, back.value, back.high) == pytest.approx((-interval.high, -interval.value, -interval.low))
    same = paired_area_difference(first, first)
    assert (same.low, same.value, same.high) == (0, 0, 0)


@pytest.mark.parametrize("together", [0.0, 0.9])
def test_spread_is_that_of_a_bootstrap(together: float) -> None:
    """2000 resamples tell a standard deviation to 2 %; the jackknife kind of estimate is within 10 % of it."""
    generator = np.random.default_rng(1)
    first, second = scores(generator, 1.0, 0.7, together)
    found = []
    for _ in range(2000):
        members, others = generator.integers(60, size=60), generator.integers(90, size=90)
        areas = [
            (np.searchsorted(np.sort(o[others]), m[members]) / 90).mean() for m, o in (first, second)
        ]  # no ties between members and others
        found.append(areas[0] - areas[1])
    interval = paired_area_difference(first, second)
    spread = (interval.high - interval.low) / 2 / norm.ppf(0.975)
    assert spread == pytest.approx(np.std(found), rel=0.1)


@pytest.mark.parametrize(("shift", "beside", "together"), [(0.0, 0.0, 0.0), (1.0, 1.0, 0.9), (1.5, 0.5, 0.7)])
def test_interval_covers(shift: float, beside: float, together: float) -> None:
    """1000 trials at 95 %: fewer than 920 covering is 4.3 standard deviations off, false alarm below 1e-5 each."""
    generator = np.random.default_rng(2)
    truth = norm.cdf(shift / math.sqrt(2)) - norm.cdf(beside / math.sqrt(2))
    covered = 0
    for _ in range(1000):
        interval = paired_area_difference(*scores(generator, shift, beside, together))
        covered += interval.low <= truth <= interval.high
    assert 920 <= covered <= 980


def test_pairing_narrows_the_interval() -> None:
    first, second = scores(np.random.default_rng(3), 1.0, 0.9, 0.95)
    paired = paired_area_difference(first, second)
    alone = [area_under_curve(*one) for one in (first, second)]
    unpaired = math.hypot(*((one.high - one.low) for one in alone))
    assert paired.high - paired.low < 0.5 * unpaired


def test_errors() -> None:
    two, three = np.zeros(2), np.zeros(3)
    with pytest.raises(ValueError, match="same records"):
        paired_area_difference((two, three), (three, three))
    with pytest.raises(ValueError, match="two scores"):
        paired_area_difference((np.zeros(1), two), (np.zeros(1), two))
