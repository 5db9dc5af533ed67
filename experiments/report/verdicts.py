"""The two claims of an erasure, kept apart, each with a verdict that is drawn from the rows alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

from semlink.experiments.report.metric_labels import interval, metric_words, number, set_words
from semlink.experiments.report.rows import Measurements, Series, in_order, series_of, sign_of
from semlink.experiments.report.summary import forget_metric, quality_metric
from semlink.simulator.results import Row

OUTPUTS = "Outputs match the retrained codec"
MEMORY = "The memory is gone"


@dataclass(frozen=True)
class Claim:
    """What is claimed of an erased codec, the verdict of the rows, and what it rests on. erased: which codec."""

    erased: str
    claim: str
    verdict: Literal["Yes", "No", "Not tested"]
    detail: str


def claims(measured: Measurements, noun: str) -> list[Claim]:
    """Both claims for each erased codec of an experiment: first what comes out of it, then what is left in it."""
    found = []
    for erased in measured.erased:
        name = measured.label(erased) if len(measured.erased) > 1 else ""
        found += [replace(claim(measured, erased, noun), erased=name) for claim in (_outputs, _memory)]
    return found


def _outputs(measured: Measurements, erased: Series, noun: str) -> Claim:
    """Of the sweep: the paired differences of the main metrics, on every set, channel and Es/N0."""
    main = {forget_metric(measured), quality_metric(measured)} & set(measured.curve_metrics)
    rows = [row for row in _differences(measured, erased) if row.metric in main and row.snr_db is not None]
    if not rows:
        return Claim("", OUTPUTS, "Not tested", "There are no differences to a retrained codec in the sweep.")
    apart = [row for row in rows if sign_of(_widened(row, len(rows)))]
    told = []
    for metric in in_order((row.metric for row in rows), str, (forget_metric(measured) or "",)):
        for set_name in measured.sets(metric):
            here = [row for row in rows if (row.metric, row.set) == (metric, set_name)]
            if here:
                told.append(f"{metric_words(metric).label} on {set_words(set_name, noun).lower()}: {_count(here)}")
    detail = (
        f"Sweep: {len(apart) or 'none'} of {len(rows)} paired differences, with intervals widened to hold for all at once, "
        f"{'lies' if len(apart) < 2 else 'lie'} apart from zero. With their own intervals: {'; '.join(told)}."
    )
    return Claim("", OUTPUTS, "No" if apart else "Yes", detail)


def _memory(measured: Measurements, erased: Series, noun: str) -> Claim:
    """Of the relearning audits: what the codec knows of the erased records after it was trained further."""
    found = {
        row.metric: row
        for row in _differences(measured, erased)
        if row.metric.startswith("relearned_") and row.set == "forget"
    }
    if not found:
        return Claim("", MEMORY, "Not tested", "The relearning audit was not run beside a retrained codec.")
    rows = list(found.values())
    told = [f"{metric_words(row.metric).label} {number(row, signed=True)} {interval(row, signed=True)}" for row in rows]
    text = f"Relearning, difference to the retrained codec on the erased {noun}: {'; '.join(told)}."
    sides = {_side(_widened(row, len(rows))) for row in rows}
    if 1 in sides:
        return Claim("", MEMORY, "No", f"{text} It knows more than a codec that never saw them: something is left.")
    if -1 in sides:
        return Claim("", MEMORY, "No", f"{text} It knows less than a codec that never saw them, a trace as well.")
    return Claim("", MEMORY, "Yes", f"{text} This attack finds no memory; a stronger one may.")


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


def _widened(row: Row, count: int) -> Row:
    """The row with limits that hold for `count` comparisons together (Bonferroni), each side scaled as if normal."""
    alone = 1 - row.confidence
    quantile = NormalDist().inv_cdf
    scale = quantile(alone / (2 * count)) / quantile(alone / 2) if 0 < alone < 1 else 1.0
    low, high = (row.value + scale * (limit - row.value) for limit in (row.low, row.high))
    return replace(row, low=low, high=high)


def _side(row: Row) -> int:
    """+1 where the erased codec is better than the retrained one, -1 where it is worse, 0 where that is open."""
    return sign_of(row) * (-1 if metric_words(row.metric).lower else 1)


def _count(rows: Sequence[Row]) -> str:
    """How many of the differences lie on which side."""
    signs = [_side(row) for row in rows]
    sides = [f"{signs.count(sign)} {word}" for sign, word in ((1, "better"), (-1, "worse")) if sign in signs]
    return f"{' and '.join(sides) or 'none apart'} of {len(rows)}"
