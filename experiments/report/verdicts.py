"""What the rows say of an erasure beside retraining: two claims, each with a verdict, and how near the outputs come.

A measure that declares no direction gets no verdict: whether more of it is better is not known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

from semlink.experiments.report.formatting import with_interval
from semlink.experiments.report.labels import set_label
from semlink.experiments.report.measurements import Measurements, Series, in_order, series_of
from semlink.simulator.results import Row

OUTPUTS = "Outputs match the retrained codec"
MEMORY = "The memory is gone"
NOT_JUDGED = "Not judged: this measure does not say whether more or less of it is better."


@dataclass(frozen=True)
class Verdict:
    """A claim about an erased codec, what the rows say to it, and why. erased: which codec, where there are several."""

    erased: str
    claim: str
    verdict: Literal["Yes", "No", "Not tested", "Not judged"]
    detail: str


def verdicts(measured: Measurements) -> list[Verdict]:
    """Both claims for each erased codec of an experiment: first what comes out of it, then what is left in it."""
    judged = []
    for erased in measured.erased:
        name = measured.labels[erased] if len(measured.erased) > 1 else ""
        judged += [replace(verdict(measured, erased), erased=name) for verdict in (_outputs, _memory)]
    return judged


def nearness(measured: Measurements) -> str:
    """How near the first erased codec comes to retraining on the erased records; empty where that was not measured."""
    metric = measured.forget_metric
    gap = measured.quoted_gaps.get((metric, "forget", measured.erased[0], "retrained")) if metric else None
    if gap is None:
        return ""
    if math.isnan(gap.low) or math.isnan(gap.high):
        return "The interval is not known."
    if measured.measures[gap.metric].direction == "none":
        return NOT_JUDGED
    return {
        0: "The interval includes zero: no difference to the retrained codec was found.",
        1: "Better than a codec that never saw them: something of them remains.",
        -1: "Worse than a codec that never saw them: more was lost than the records.",
    }[_side(measured, gap)]


def sign_of(row: Row) -> int:
    """+1 or -1 where the interval of a difference lies on one side of zero, else 0."""
    if math.isnan(row.low) or math.isnan(row.high):
        return 0
    return 1 if row.low > 0 else -1 if row.high < 0 else 0


def _outputs(measured: Measurements, erased: Series) -> Verdict:
    """Of the sweep: the paired differences of the main metrics, on every set, channel and Es/N0."""
    main = {measured.forget_metric, measured.quality_metric} & set(measured.curve_metrics)
    rows = [row for row in _differences(measured, erased) if row.metric in main and row.snr_db is not None]
    if not rows:
        return Verdict("", OUTPUTS, "Not tested", "There are no differences to a retrained codec in the sweep.")
    judged, unjudged = _by_direction(measured, rows)
    if not judged:
        return Verdict("", OUTPUTS, "Not judged", unjudged)
    apart = [row for row in judged if sign_of(_widened(row, len(judged)))]
    counts = []
    for metric in in_order((row.metric for row in judged), str, (measured.forget_metric or "",)):
        for set_name in measured.sets_of[metric]:
            here = [row for row in judged if (row.metric, row.set) == (metric, set_name)]
            if here:
                place = set_label(set_name, measured.noun).lower()
                counts.append(f"{measured.measures[metric].label} on {place}: {_count(measured, here)}")
    detail = (
        f"Sweep: {len(apart) or 'none'} of {len(judged)} paired differences, with intervals widened to hold for all at "
        f"once, {'lies' if len(apart) < 2 else 'lie'} apart from zero. With their own intervals: {'; '.join(counts)}. "
        f"{unjudged}"
    )
    return Verdict("", OUTPUTS, "No" if apart else "Yes", detail.rstrip())


def _memory(measured: Measurements, erased: Series) -> Verdict:
    """Of the relearning audits: what the codec knows of the erased records after it was trained further."""
    relearned = {
        row.metric: row
        for row in _differences(measured, erased)
        if row.metric.startswith("relearned_") and row.set == "forget"
    }
    if not relearned:
        return Verdict("", MEMORY, "Not tested", "The relearning audit was not run beside a retrained codec.")
    judged, unjudged = _by_direction(measured, list(relearned.values()))
    if not judged:
        return Verdict("", MEMORY, "Not judged", unjudged)
    values = [f"{measured.measures[row.metric].label} {with_interval(row, signed=True)}" for row in judged]
    text = f"Relearning, difference to the retrained codec on the erased {measured.noun}: {'; '.join(values)}."
    text = f"{text} {unjudged}".rstrip()
    sides = {_side(measured, _widened(row, len(judged))) for row in judged}
    if 1 in sides:
        return Verdict("", MEMORY, "No", f"{text} It knows more than a codec that never saw them: something is left.")
    if -1 in sides:
        return Verdict("", MEMORY, "No", f"{text} It knows less than a codec that never saw them, a trace as well.")
    return Verdict("", MEMORY, "Yes", f"{text} This attack finds no memory; a stronger one may.")


def _differences(measured: Measurements, erased: Series) -> list[Row]:
    """The paired differences to the retrained codec whose intervals say something."""
    return [
        row
        for row in measured.differences
        if (row.version, row.minus) == (erased.version, "retrained")
        and (series_of(row) == erased or len(measured.erased) == 1)
        and math.isfinite(row.low)
        and math.isfinite(row.high)
    ]


def _by_direction(measured: Measurements, rows: Sequence[Row]) -> tuple[list[Row], str]:
    """The rows whose measure has a direction, and a sentence on the others, empty where there are none."""
    judged = [row for row in rows if measured.measures[row.metric].direction != "none"]
    others = dict.fromkeys(measured.measures[row.metric].label for row in rows if row not in judged)
    return judged, f"{', '.join(others)}: not judged, since no direction of it is known to be better." if others else ""


def _widened(row: Row, count: int) -> Row:
    """The row with limits that hold for `count` comparisons together (Bonferroni), each side scaled as if normal."""
    alone = 1 - row.confidence
    quantile = NormalDist().inv_cdf
    scale = quantile(alone / (2 * count)) / quantile(alone / 2) if 0 < alone < 1 else 1.0
    low, high = (row.value + scale * (limit - row.value) for limit in (row.low, row.high))
    return replace(row, low=low, high=high)


def _side(measured: Measurements, row: Row) -> int:
    """+1 where the erased codec is better than the retrained one, -1 where it is worse, 0 where that is open."""
    better = {"higher": 1, "lower": -1, "none": 0}[measured.measures[row.metric].direction]
    return sign_of(row) * better


def _count(measured: Measurements, rows: Sequence[Row]) -> str:
    """How many of the differences lie on which side."""
    sides = [_side(measured, row) for row in rows]
    counts = [f"{sides.count(side)} {word}" for side, word in ((1, "better"), (-1, "worse")) if side in sides]
    return f"{' and '.join(counts) or 'none apart'} of {len(rows)}"
