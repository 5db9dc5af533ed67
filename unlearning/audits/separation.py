"""How well a score tells members from others: area under the ROC curve and rate at few false alarms."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from semlink.simulator.intervals import Interval, rate_interval

Floats = NDArray[np.float64]


def area_under_curve(members: Floats, others: Floats, confidence: float = 0.95) -> Interval:
    """The probability that a random member scores above a random other, ties counted half, with an interval.

    The variance is DeLong's. The limits are Wilson's for the proportion of that variance, so that they stay in 0..1
    and keep a width where the two sets are apart; the proportion then counts as one of m + n trials.

    In:     scores, float64 [m] and [n]. Out: n is that of the members.
    Errors: ValueError when either has fewer than two.
    Source: E. DeLong, D. DeLong, D. Clarke-Pearson, Comparing the Areas under Two or More Correlated ROC Curves, 1988.
    """
    if min(len(members), len(others)) < 2:
        raise ValueError("an area under the curve needs two scores on each side")
    above_others, above_members = share_below(members, others), share_below(others, members)
    area = float(above_others.mean())
    variance = float(above_others.var(ddof=1) / len(members) + above_members.var(ddof=1) / len(others))
    limit = float(len(members) + len(others))
    trials = min(limit, area * (1 - area) / variance) if variance > 0 else limit
    return replace(rate_interval(area, trials, confidence), n=len(members))


def rate_at_false_alarms(members: Floats, others: Floats, false_alarms: float, confidence: float = 0.95) -> Interval:
    """Share of members above the lowest threshold that at most a share `false_alarms` of the others exceeds.

    Scores equal to the threshold count as below it. The interval is Wilson's, at that threshold. With fewer than
    1 / `false_alarms` others, none of them may exceed it.

    In:     scores, float64 [m] and [n].
    Errors: ValueError when either is empty.
    """
    allowed = math.floor(false_alarms * len(others))
    threshold = np.sort(others)[::-1][allowed]
    return rate_interval(float((members > threshold).mean()), len(members), confidence)


def share_below(scores: Floats, others: Floats) -> Floats:
    """For each score the share of the others below it, ties counted half."""
    ordered = np.sort(others)
    below, not_above = np.searchsorted(ordered, scores, "left"), np.searchsorted(ordered, scores, "right")
    return np.asarray((below + not_above) / (2 * len(others)))
