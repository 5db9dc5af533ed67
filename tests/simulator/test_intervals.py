"""Intervals against scipy's, their coverage, and the degenerate cases."""

import numpy as np
import pytest
from scipy import stats

from semlink.simulator.intervals import bootstrap_interval, mean_interval, rate_interval


def ratio(mean: np.ndarray) -> dict[str, np.ndarray]:
    return {"ratio": mean[..., 0] / mean[..., 1]}


def means(mean: np.ndarray) -> dict[str, np.ndarray]:
    return {"mean": mean[..., 0]}


def variance(mean: np.ndarray) -> dict[str, np.ndarray]:
    return {"variance": mean[..., 1] - mean[..., 0] ** 2}


@pytest.fixture
def pairs() -> np.ndarray:
    generator = np.random.default_rng(3)
    count = generator.integers(5, 30, size=200).astype(float)
    return np.stack([generator.binomial(count.astype(int), 0.7), count], axis=1)


def test_mean_interval_is_that_of_scipy() -> None:
    data = np.random.default_rng(0).exponential(size=50)
    expected = stats.ttest_1samp(data, 0).confidence_interval(0.9)
    found = mean_interval(data, confidence=0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.value == pytest.approx(data.mean())
    assert (found.n, found.confidence) == (50, 0.9)


def test_paired_differences_are_narrower_than_separate_means() -> None:
    generator = np.random.default_rng(1)
    first = generator.normal(size=300)
    second = first + 0.1 + 0.01 * generator.normal(size=300)
    paired = mean_interval(second - first)
    assert paired.low < 0.1 < paired.high
    assert paired.high - paired.low < 0.05 * (mean_interval(first).high - mean_interval(first).low)


def test_mean_interval_covers_the_mean() -> None:
    """2000 samples of 20: expected coverage 0.95, standard error 0.0049; false alarm below 1e-4 at 4 errors."""
    samples = np.random.default_rng(2).normal(5.0, 2.0, size=(2000, 20))
    covered = [(found := mean_interval(sample)).low <= 5.0 <= found.high for sample in samples]
    assert abs(np.mean(covered) - 0.95) < 0.02


@pytest.mark.parametrize(("successes", "count"), [(0, 10), (3, 10), (10, 10), (3, 1000)])
def test_rate_interval_is_wilsons(successes: int, count: int) -> None:
    z, rate = stats.norm.ppf(0.975), successes / count
    centre = (rate + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(rate * (1 - rate) / count + z**2 / (4 * count**2))
    found = rate_interval(successes / count, count)
    assert (found.value, found.n) == (rate, count)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half), abs=1e-12)
    assert found.high > found.low


def test_bootstrap_interval_is_near_scipys(pairs: np.ndarray) -> None:
    """Limits of two independent runs of 20 000 resamples: Monte-Carlo error about 0.01 of the width; limit 0.05."""
    found = bootstrap_interval(pairs, ratio, resamples=20_000)["ratio"]
    expected = stats.bootstrap(
        (pairs[:, 0], pairs[:, 1]),
        lambda x, y, axis: x.mean(axis=axis) / y.mean(axis=axis),
        paired=True,
        n_resamples=20_000,
        method="BCa",
        vectorized=True,
        random_state=np.random.default_rng(7),
    ).confidence_interval
    width = expected.high - expected.low
    assert found.value == pytest.approx(pairs[:, 0].sum() / pairs[:, 1].sum())
    assert abs(found.low - expected.low) < 0.05 * width
    assert abs(found.high - expected.high) < 0.05 * width


def test_bootstrap_covers_a_ratio_of_means() -> None:
    """400 samples of 60 records: coverage about 0.94, standard error 0.012; false alarm below 1e-4 at 0.89."""
    generator = np.random.default_rng(5)
    hits = 0
    for sample in range(400):
        count = generator.integers(5, 30, size=60)
        data = np.stack([generator.binomial(count, 0.7), count], axis=1).astype(float)
        found = bootstrap_interval(data, ratio, resamples=400, seed=sample)["ratio"]
        hits += found.low <= 0.7 <= found.high
    assert hits / 400 > 0.89


def test_bootstrap_corrects_bias_and_skew_as_scipy_does() -> None:
    """The variance of 25 exponential values, estimated too low: Monte-Carlo error 0.01 of the width; limit 0.05."""
    data = np.random.default_rng(11).exponential(size=25)
    moments = np.stack([data, data**2], axis=1)
    found = bootstrap_interval(moments, variance, resamples=20_000)["variance"]
    drawn = stats.bootstrap((data,), np.var, n_resamples=20_000, method="BCa", random_state=np.random.default_rng(7))
    expected, plain = drawn.confidence_interval, np.quantile(drawn.bootstrap_distribution, [0.025, 0.975])
    width = expected.high - expected.low
    assert abs(found.low - expected.low) < 0.05 * width
    assert abs(found.high - expected.high) < 0.05 * width
    assert found.high - plain[1] > 0.2 * width


def test_paired_bootstrap_uses_the_same_resamples(pairs: np.ndarray) -> None:
    """A constant shift between two sets has an interval without width, though each set alone has a wide one."""
    shifted = pairs + np.array([0.1, 0.0]) * pairs[:, 1:]
    found = bootstrap_interval(shifted, ratio, pairs)["ratio"]
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))


def test_one_call_gives_what_single_calls_give(pairs: np.ndarray) -> None:
    def both(mean: np.ndarray) -> dict[str, np.ndarray]:
        return {**ratio(mean), **means(mean)}

    assert bootstrap_interval(pairs, both) == bootstrap_interval(pairs, ratio) | bootstrap_interval(pairs, means)


def test_the_seed_decides(pairs: np.ndarray) -> None:
    assert bootstrap_interval(pairs, ratio) == bootstrap_interval(pairs, ratio)
    assert bootstrap_interval(pairs, ratio) != bootstrap_interval(pairs, ratio, seed=1)


def test_one_record_tells_nothing_of_the_spread() -> None:
    for found in (mean_interval([0.5]), bootstrap_interval(np.array([[0.5]]), means)["mean"]):
        assert (found.value, found.low, found.high, found.n) == (0.5, -np.inf, np.inf, 1)


def test_equal_records_have_no_width() -> None:
    for found in (mean_interval([0.5] * 9), bootstrap_interval(np.full((9, 1), 0.5), means)["mean"]):
        assert (found.low, found.high) == pytest.approx((0.5, 0.5))


def test_undefined_values_have_undefined_limits() -> None:
    with np.errstate(invalid="ignore"):
        found = bootstrap_interval(np.zeros((9, 2)), ratio)["ratio"]
    assert np.isnan([found.value, found.low, found.high]).all()
    assert np.isnan(mean_interval([np.nan, 1.0]).value)


def test_resamples_without_a_value_are_left_out() -> None:
    """One of eight records has a term, so a third of the resamples has none; the others recover it."""
    data = np.zeros((8, 2))
    data[0] = 1.0
    with np.errstate(invalid="ignore"):
        found = bootstrap_interval(data, ratio)["ratio"]
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_no_records_are_an_error() -> None:
    for call in (lambda: mean_interval([]), lambda: bootstrap_interval(np.zeros((0, 1)), means)):
        with pytest.raises(ValueError, match="at least one record"):
            call()
    with pytest.raises(ValueError, match="same records"):
        bootstrap_interval(np.zeros((3, 1)), means, np.zeros((4, 1)))
