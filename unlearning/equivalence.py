"""Is an erased codec like retrained ones? An equivalence test whose margin is how far retrained codecs lie apart.

That no difference was found is no proof that there is none: of few records none is ever found. Here the burden is the
other way round. A codec matches retraining only where its difference is shown to be within what the seed alone makes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from semlink.simulator.intervals import Interval

Outcome = Literal["matches", "more", "less", "not decided"]
FEWEST = 3  # retrained codecs from which a spread is known


@dataclass(frozen=True)
class Equivalence:
    """What an equivalence test found.

    outcome:    "matches": the difference is within the margin; "more", "less": it is beyond it, above or below; "not
                decided": the interval crosses a margin.
    difference: of the erased codec from the mean of the retrained ones, with its interval.
    margin:     how far a retrained codec may lie from the mean of the others.
    needed:     about how many records would decide it, where more records would; None where it is decided, or where the
                difference lies on the margin itself.
    """

    outcome: Outcome
    difference: Interval
    margin: float
    needed: int | None = None


def margin_of(retrained: Sequence[float], confidence: float = 0.95) -> float:
    """How far one more retrained codec may lie from the mean of some, with that confidence: a prediction interval.

    margin = t * s * sqrt(1 + 1 / k),  t: quantile of Student's t with k - 1 degrees of freedom, s: standard deviation

    In:     retrained: one number of each of k retrained codecs that differ in their seed alone.
    Errors: ValueError when there are fewer than three.
    """
    if len(retrained) < FEWEST:
        raise ValueError(f"the spread of retrained codecs is known from {FEWEST} of them on")
    return margin_for(float(np.std(retrained, ddof=1)), len(retrained), confidence)


def margin_for(deviation: float, count: int, confidence: float = 0.95) -> float:
    """The same from the standard deviation of `count` retrained codecs."""
    return float(stats.t.ppf((1 + confidence) / 2, count - 1)) * deviation * math.sqrt(1 + 1 / count)


def equivalence(difference: Interval, margin: float) -> Equivalence:
    """Two one-sided tests: the interval of the difference against a margin on both sides.

    In:     difference: of the erased codec from the retrained ones. An interval at 95 % makes each one-sided test one
            at 2.5 %: a codec beyond the margin is said to match in at most one case of forty.
    Source: D. Schuirmann, A Comparison of the Two One-Sided Tests Procedure and the Power Approach, 1987.
    """
    if -margin < difference.low and difference.high < margin:
        return Equivalence("matches", difference, margin)
    if difference.low > margin:
        return Equivalence("more", difference, margin)
    if difference.high < -margin:
        return Equivalence("less", difference, margin)
    above, away = difference.value > 0, margin - abs(difference.value)
    crossing = difference.high if above == (away > 0) else difference.low  # the limit that more records move inwards
    reach = abs(crossing - difference.value)
    if away == 0 or not math.isfinite(reach):
        return Equivalence("not decided", difference, margin)
    return Equivalence("not decided", difference, margin, math.ceil(difference.n * (reach / away) ** 2))
