"""Areas and rates against their definitions and against known distributions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from semlink.unlearning.audits.separation import area_under_curve, rate_at_false_alarms

SCORES = st.lists(st.integers(-5, 5), min_size=2, max_size=20).map(lambda values: np.array(values, dtype=float))


@given(SCORES, SCORES)
def test_area_is_the_count_of_pairs(members: np.ndarray, others: np.ndarray) -> None:
    pairs = [1.0 if m > o else 0.5 if m == o else 0.0 for m in members for o in others]
    interval = area_under_curve(members, others)
    assert interval.value == pytest.approx(np.mean(pairs))
    assert 0 <= interval.low <= interval.value + 1e-12
    assert interval.value - 1e-12 <= interval.high <= 1
    assert interval.high - interval.low > 0.01


def test_separable_and_reversed() -> None:
    low, high = np.arange(50.0), np.arange(50.0, 110.0)
    above, below = area_under_curve(high, low), area_under_curve(low, high)
    assert (above.value, below.value) == (1.0, 0.0)
    assert above.high == pytest.approx(1)
    assert 0.9 < above.low < 1
    assert below.high == pytest.approx(1 - above.low, abs=1e-9)
    assert rate_at_false_alarms(high, low, 0.01).value == 1
    assert rate_at_false_alarms(low, high, 0.01).value == 0


@pytest.mark.parametrize(("shift", "members", "others"), [(0.0, 40, 60), (1.0, 40, 60), (2.5, 30, 200)])
def test_interval_covers(shift: float, members: int, others: int) -> None:
    """1000 trials at 95 %: fewer than 920 covering is 4.3 standard deviations off, false alarm below 1e-5 each."""
    generator = np.random.default_rng(0)
    truth = norm.cdf(shift / math.sqrt(2))
    covered = 0
    for _ in range(1000):
        interval = area_under_curve(shift + generator.normal(size=members), generator.normal(size=others))
        covered += interval.low <= truth <= interval.high
    assert 920 <= covered <= 985


def test_rate_at_false_alarms_of_normal_scores() -> None:
    """TPR at FPR 1 % of two normals one apart is Phi(1 - 2.326) = 0.092; the threshold is from 1e5 others."""
    generator = np.random.default_rng(1)
    interval = rate_at_false_alarms(1 + generator.normal(size=20_000), generator.normal(size=100_000), 0.01)
    assert interval.value == pytest.approx(norm.cdf(1 - norm.ppf(0.99)), abs=0.01)
    assert interval.low < interval.value < interval.high
    assert interval.n == 20_000


@given(SCORES, SCORES, st.sampled_from([0.0, 0.01, 0.25, 0.9]))
def test_rate_keeps_to_its_false_alarms(members: np.ndarray, others: np.ndarray, share: float) -> None:
    """No threshold with as few false alarms finds more."""
    rate = rate_at_false_alarms(members, others, share).value
    thresholds = [t for t in others if (others > t).mean() <= share]
    assert rate == max((members > t).mean() for t in thresholds)


def test_too_few() -> None:
    with pytest.raises(ValueError, match="two scores"):
        area_under_curve(np.zeros(1), np.zeros(5))
