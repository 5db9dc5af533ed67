"""Intervals: what a mean, a rate or a function of means may be, given the spread between records."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from semlink.seeding import seed_for

Floats = NDArray[np.float64]
Values = Callable[[Floats], Mapping[str, Floats]]
RESAMPLES = 1000


@dataclass(frozen=True)
class Interval:
    """A number and the interval [low, high] at `confidence`, from `n` records.

    One record says nothing about the spread: low and high are then -inf and inf. Where all records agree, the
    interval has no width: that is the best guess, not certainty. NaN values have NaN limits.
    """

    value: float
    low: float
    high: float
    confidence: float
    n: int


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """The mean of values, one per record, with Student's t interval; give differences for a paired comparison.

    mean +- t(n - 1) * s / sqrt(n)

    Errors: ValueError when there are no values.
    """
    data = np.asarray(values, dtype=np.float64)
    count = _count(data)
    mean = float(data.mean())
    if count == 1:
        return _unbounded(mean, confidence)
    half = float(stats.t.ppf((1 + confidence) / 2, count - 1) * data.std(ddof=1) / np.sqrt(count))
    return Interval(mean, mean - half, mean + half, confidence, count)


def rate_interval(rate: float, count: float, confidence: float = 0.95) -> Interval:
    """A rate with Wilson's score interval, which stays in 0..1 and has width at 0 and 1 too.

    In:     count: trials; neither they nor `rate * count`, the successes, need be whole (means over channel draws).
    Errors: ValueError unless 0 <= rate <= 1 and count > 0.
    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.
    """
    if not (0 <= rate <= 1 and count > 0):
        raise ValueError("a rate lies between 0 and 1, over at least one record")
    z = float(stats.norm.ppf((1 + confidence) / 2))
    centre = (rate + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(rate * (1 - rate) / count + (z / (2 * count)) ** 2)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Interval(rate, min(low, rate), max(high, rate), confidence, int(count))  # rounding can pass the rate


def bootstrap_interval(
    statistics: Floats,
    values: Values,
    baseline: Floats | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Interval]:
    """Functions of mean statistics, with bias-corrected and accelerated (BCa) bootstrap intervals over records.

    A resample is a re-weighting of the records, so all functions and all statistics share one set of resamples,
    which depends on `seed` and the number of records alone. Resamples on which a function is NaN are left out.

    In:     statistics: [records, columns]. values: mean statistics [..., columns] to the named values [...].
            baseline: statistics of the same records to compare with; the numbers are then paired differences,
            values(statistics) - values(baseline), of the same resamples.
    Errors: ValueError when there are no records, or the baseline has others.
    Source: B. Efron, Better Bootstrap Confidence Intervals, 1987.
    """
    count = _count(statistics)
    if baseline is not None and baseline.shape != statistics.shape:
        raise ValueError("a paired comparison needs the same records on both sides")
    weights = _weights(count, resamples, seed)

    def evaluate(take: Callable[[Floats], Floats]) -> dict[str, Floats]:
        evaluated = values(take(statistics))
        if baseline is None:
            return dict(evaluated)
        other = values(take(baseline))
        return {name: evaluated[name] - other[name] for name in evaluated}

    observed = evaluate(lambda data: data.mean(axis=0))
    if count == 1:
        return {name: _unbounded(float(value), confidence) for name, value in observed.items()}
    replicates = evaluate(lambda data: weights @ data)
    left_out = evaluate(lambda data: (data.sum(axis=0) - data) / (count - 1))
    return {
        name: Interval(
            float(value), *_bca(float(value), replicates[name], left_out[name], confidence), confidence, count
        )
        for name, value in observed.items()
    }


def _weights(count: int, resamples: int, seed: int) -> Floats:
    """How often each resample draws each record, over the number of records: [resamples, records]."""
    generator = np.random.default_rng(seed_for(seed, "bootstrap", count))
    draws = generator.integers(count, size=(resamples, count)) + count * np.arange(resamples)[:, None]
    return np.bincount(draws.ravel(), minlength=resamples * count).reshape(resamples, count) / count


def _bca(value: float, replicates: Floats, left_out: Floats, confidence: float) -> tuple[float, float]:
    """The BCa limits of one value, from its bootstrap replicates and its leave-one-out (jackknife) values."""
    replicates, left_out = replicates[~np.isnan(replicates)], left_out[~np.isnan(left_out)]
    if np.isnan(value) or not len(replicates):
        return np.nan, np.nan
    below = (np.mean(replicates < value) + np.mean(replicates <= value)) / 2
    edge = 0.5 / len(replicates)  # keeps the bias finite where all replicates are on one side
    bias = stats.norm.ppf(np.clip(below, edge, 1 - edge))
    spread = left_out.mean() - left_out if len(left_out) else np.zeros(1)
    scale = float((spread**2).sum() ** 1.5)
    skew = float((spread**3).sum()) / (6 * scale) if scale > 0 else 0.0
    normal = bias + stats.norm.ppf([(1 - confidence) / 2, (1 + confidence) / 2])
    low, high = np.quantile(replicates, stats.norm.cdf(bias + normal / (1 - skew * normal)))
    return float(low), float(high)


def _count(values: Floats) -> int:
    if len(values) == 0:
        raise ValueError("an interval needs at least one record")
    return len(values)


def _unbounded(value: float, confidence: float) -> Interval:
    limit = np.nan if np.isnan(value) else np.inf
    return Interval(value, -limit, limit, confidence, 1)
