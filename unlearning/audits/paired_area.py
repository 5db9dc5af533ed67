"""The difference of two areas under the ROC curve that were measured on the same records."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from semlink.simulator.intervals import Interval
from semlink.unlearning.audits.separation import share_below

Floats = NDArray[np.float64]


def paired_area_difference(
    first: tuple[Floats, Floats], second: tuple[Floats, Floats], confidence: float = 0.95
) -> Interval:
    """The area of the first scores minus that of the second, with DeLong's interval, which knows that they go together.

    variance = var(d) / m + var(e) / n,  d, e: what each member and each other adds to the difference

    Where both scores order every pair alike the interval has no width.

    In:     members float64 [m] and others float64 [n] of each score, the same records in the same order.
    Out:    an interval in -1..1; n is that of the members.
    Errors: ValueError when the records differ in number, or there are fewer than two on a side.
    Source: E. DeLong, D. DeLong, D. Clarke-Pearson, Comparing the Areas under Two or More Correlated ROC Curves, 1988.
    """
    (members, others), (members_beside, others_beside) = first, second
    if members.shape != members_beside.shape or others.shape != others_beside.shape:
        raise ValueError("a paired comparison needs the same records on both sides")
    if min(len(members), len(others)) < 2:
        raise ValueError("a difference of areas needs two scores on each side")
    of_members = share_below(members, others) - share_below(members_beside, others_beside)
    of_others = share_below(others_beside, members_beside) - share_below(others, members)
    value = float(of_members.mean())
    variance = float(of_members.var(ddof=1) / len(members) + of_others.var(ddof=1) / len(others))
    half = float(stats.norm.ppf((1 + confidence) / 2)) * math.sqrt(variance)
    return Interval(value, max(-1.0, value - half), min(1.0, value + half), confidence, len(members))
