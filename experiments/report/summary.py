"""What the rows of one experiment say, in sentences and in four short answers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semlink.experiments.report.formatting import duration, interval, number, with_interval, without_unit
from semlink.experiments.report.labels import channel_label, snr_label
from semlink.experiments.report.measurements import Measurements, Series
from semlink.experiments.report.verdicts import nearness, sign_of
from semlink.simulator.results import Row
from semlink.unlearning.request import ErasureRequest

VALUES = 6  # of a request that are named in its answer


@dataclass(frozen=True)
class Answer:
    """A question that a reader comes with, its short answer, what the answer rests on, and where to look it up."""

    question: str
    short: str
    detail: str
    small: str = ""


def sentences(measured: Measurements) -> list[str]:
    """The summary of one experiment, of the first method where there are several; every number in it is a row."""
    if measured.erased:
        return _erasure_sentences(measured, measured.erased[0])
    metric, set_name = measured.quality_metric, measured.quality_set
    if metric is None:
        return []
    values = [
        f"{with_interval(row)} for {measured.labels[series]}"
        for series in measured.series
        if (row := measured.quoted.get((metric, set_name, series)))
    ]
    phrase = measured.measures[metric].phrase
    return [f"On {_records(measured, set_name)} {_place(measured)}, {phrase} is {_listing(values)}."] if values else []


def answers(measured: Measurements, request: ErasureRequest | Mapping[str, Any]) -> list[Answer]:
    """What was erased, whether it is gone, how near that is to retraining, and what it cost.

    In: request: in full, or its summary; empty where there is none.
    """
    if not measured.erased:
        return []
    erased = measured.erased[0]
    answered = []
    metric = measured.forget_metric
    after = measured.quoted.get((metric, "forget", erased)) if metric else None
    if after:
        count = measured.noun if after.stopped == "seeds" else f"{after.n} {measured.noun}"
        answered += [_request(count, request), _outputs(measured, erased, after)]
        gap = measured.quoted_gaps.get((after.metric, "forget", erased, "retrained"))
        if gap:
            detail = f"{interval(gap, signed=True)}. {nearness(measured)}"
            answered.append(Answer("How near to retraining?", number(gap, signed=True), detail))
    cost = _cost(measured, erased)
    return [*answered, cost] if cost else answered


def _erasure_sentences(measured: Measurements, erased: Series) -> list[str]:
    told = []
    original, retrained = measured.first.get("original"), measured.first.get("retrained")
    name = "" if len(measured.erased) == 1 else f"{measured.labels[erased]}: "
    metric = measured.forget_metric
    after = measured.quoted.get((metric, "forget", erased)) if metric else None
    if metric and after:
        before = measured.quoted.get((metric, "forget", original)) if original else None
        change = _movement(before, after) if before else f"is {number(after)}"
        records = f"{after.n} erased {measured.noun}"
        if after.stopped == "seeds":
            records = f"erased {measured.noun} (mean over {after.n} seeds)"
        text = f"{name}On the {records}, {measured.measures[metric].phrase} {_place(measured)} {change}"
        again = measured.quoted.get((metric, "forget", retrained)) if retrained else None
        told.append(f"{text}; a codec retrained without them reaches {number(again)}." if again else f"{text}.")
    metric, set_name = measured.quality_metric, measured.quality_set
    after = measured.quoted.get((metric, set_name, erased)) if metric else None
    if metric and after:
        phrase, records = measured.measures[metric].phrase, _records(measured, set_name)
        gap = measured.quoted_gaps.get((metric, set_name, erased, "original"))
        before = measured.quoted.get((metric, set_name, original)) if original else None
        if gap:
            told.append(f"On {records} {phrase} changed by {with_interval(gap, signed=True)}.")
        elif before:
            told.append(f"On {records} {phrase} {_movement(before, after)}.")
    times = [measured.singles.get(("seconds", series)) for series in (erased, retrained) if series]
    if len(times) == 2 and times[0] and times[1]:
        told.append(f"Erasing took {duration(times[0].value)}, retraining {duration(times[1].value)}.")
    return told


def _request(short: str, request: ErasureRequest | Mapping[str, Any]) -> Answer:
    question = "What was erased?"
    if not isinstance(request, ErasureRequest):
        selected = _selected(request["by"], request["values"]) if "by" in request else ""
        made = f"Request of {request['time'][:10]}" if "time" in request else ""
        return Answer(question, short, f"The records of the forget set.{selected}", made)
    values = request.selection.values
    named = ", ".join(values[:VALUES]) + (f" and {len(values) - VALUES} more" if len(values) > VALUES else "")
    reason = request.reason if request.reason[-1] in ".!?" else f"{request.reason}."
    detail = f"{reason} Selected by {request.selection.by}: {named}."
    return Answer(question, short, detail, f"Request {request.id}, {request.time[:10]}")


def _selected(by: str, values: int) -> str:
    return f" Selected by {values} {by}{'s' * (values != 1)}."


def _outputs(measured: Measurements, erased: Series, after: Row) -> Answer:
    """What comes through is no more than that, so the attack on the codec is quoted beside it."""
    original, retrained = measured.first.get("original"), measured.first.get("retrained")
    before = measured.quoted.get((after.metric, "forget", original)) if original else None
    again = measured.quoted.get((after.metric, "forget", retrained)) if retrained else None
    short = f"{without_unit(before)} → {number(after)}" if before else number(after)
    phrase = measured.measures[after.metric].phrase
    told = [f"What comes through of them {_place(measured)} (outputs only): {phrase}."]
    if again:
        told.append(f"A codec that never saw them: {number(again)}.")
    attacked = _beside(measured, "membership_auc", erased, retrained) if retrained else None
    if attacked:
        mine, theirs = attacked
        gap = measured.gaps.get((mine.metric, mine.set, mine.channel, mine.snr_db, erased, "retrained"))
        compared = _paired(gap) if gap else _overlap(mine, theirs)
        told.append(f"Membership attack (AUC): {number(mine)}, retrained {number(theirs)}{compared}.")
    return Answer("Is it gone?", short, " ".join(told))


def _beside(measured: Measurements, metric: str, first: Series, second: Series) -> tuple[Row, Row] | None:
    """The last place where both series were measured, or None."""
    for (name, channel, set_name, series), cell in reversed(measured.cells.items()):
        if (name, series) == (metric, first):
            others = measured.cells.get((metric, channel, set_name, second), {})
            for snr_db in reversed(cell):
                if snr_db in others:
                    return cell[snr_db], others[snr_db]
    return None


def _paired(gap: Row) -> str:
    return f"; difference {with_interval(gap, signed=True)}: it finds {'a' if sign_of(gap) else 'no'} difference"


def _overlap(first: Row, second: Row) -> str:
    if not all(map(math.isfinite, (first.low, first.high, second.low, second.high))):
        return ""
    apart = first.low > second.high or second.low > first.high
    return f"; the intervals {'lie apart: it finds a difference' if apart else 'overlap: it finds no difference'}"


def _cost(measured: Measurements, erased: Series) -> Answer | None:
    """What the codec lost on other records, and the time that erasing took."""
    metric, set_name = measured.quality_metric, measured.quality_set
    after = measured.quoted.get((metric, set_name, erased)) if metric else None
    if metric is None or after is None:
        return None
    original, retrained = measured.first.get("original"), measured.first.get("retrained")
    where = f"{measured.measures[metric].label.removesuffix(' (dB)')} on {_records(measured, set_name)}"
    gap = measured.quoted_gaps.get((metric, set_name, erased, "original"))
    before = measured.quoted.get((metric, set_name, original)) if original else None
    if gap:
        short, detail = number(gap, signed=True), f"{interval(gap, signed=True)}: change of {where}."
    elif before:
        short, detail = f"{without_unit(before)} → {number(after)}", f"{where}, before and after."
    else:
        return None
    spent = measured.singles.get(("seconds", erased))
    again = measured.singles.get(("seconds", retrained)) if retrained else None
    if spent and again:
        detail += f" Time: {duration(spent.value)}; retraining takes {duration(again.value)}."
    return Answer("What did it cost?", short, detail)


def _movement(before: Row, after: Row) -> str:
    start, end = without_unit(before), number(after)
    if start == without_unit(after):
        return f"stayed at {end}"
    verb = "fell" if after.value < before.value else "rose" if after.value > before.value else "went"
    return f"{verb} from {start} to {end}"


def _place(measured: Measurements) -> str:
    point = measured.point
    return f"at {snr_label(point.snr_db)} over {channel_label(point.channel)}" if point else ""


def _records(measured: Measurements, set_name: str) -> str:
    """A record set in the middle of a sentence."""
    phrases = {
        "test": f"unseen test {measured.noun}",
        "forget": f"the erased {measured.noun}",
        "forget_test": f"unseen {measured.noun} of the kind erased",
        "retain": f"the kept {measured.noun}",
    }
    return phrases.get(set_name, f"{set_name} {measured.noun}")


def _listing(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
