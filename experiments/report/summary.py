"""What the rows of one experiment say: the verdict and a few sentences, and four short answers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semlink.experiments.report.formatting import (
    duration,
    interval,
    number,
    whole,
    with_interval,
    without_unit,
)
from semlink.experiments.report.labels import channel_label, snr_label
from semlink.experiments.report.measurements import Measurements, Series
from semlink.experiments.report.verdicts import sign_of, verdict_sentence, verdicts
from semlink.simulator.results import Row
from semlink.unlearning.request import ErasureRequest

VALUES = 6  # of a request that are named in its answer
NOT_JUDGED = "Not judged: this measure does not say whether more or less of it is better."


@dataclass(frozen=True)
class Answer:
    """A question that a reader comes with, its short answer, what the answer rests on, and where to look it up."""

    question: str
    short: str
    detail: str
    small: str = ""


def sentences(measured: Measurements) -> list[str]:
    """The summary of one experiment, its verdict first; every number in it is a row.

    Where several methods are compared, the verdict counts all of them, and the rest is about the first.
    """
    if measured.erased:
        return [verdict_sentence(verdicts(measured), measured.noun), *facts(measured)]
    return facts(measured)


def facts(measured: Measurements) -> list[str]:
    """The sentences without the verdict: what comes through before and after, and what that cost."""
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
    """What was erased, what still comes through of it, how near that is to retraining, and what it cost.

    In: request: in full, or its summary; empty where there is none.
    """
    if not measured.erased:
        return []
    erased = measured.erased[0]
    answered = []
    metric = measured.forget_metric
    after = measured.quoted.get((metric, "forget", erased)) if metric else None
    if after:
        answered += [_request(_erased_total(measured), measured, request), _outputs(measured, erased, after)]
        decisive = verdicts(measured)[0].decisive
        gap = measured.quoted_gaps.get((after.metric, "forget", erased, "retrained"))
        if decisive:
            answered.append(_apart(measured, decisive))
        elif gap:
            detail = f"{interval(gap, signed=True)}. {_nearness(measured, gap)}"
            answered.append(Answer("How near are the outputs to retraining?", number(gap, signed=True), detail))
    cost = _cost(measured, erased)
    return [*answered, cost] if cost else answered


def _erasure_sentences(measured: Measurements, erased: Series) -> list[str]:
    told = []
    original, retrained = measured.first.get("original"), measured.first.get("retrained")
    name = ""
    if len(measured.erased) > 1:
        name = f"{measured.labels[erased].removeprefix('erased · ')} ({verdicts(measured)[0].word.lower()}): "
    metric = measured.forget_metric
    after = measured.quoted.get((metric, "forget", erased)) if metric else None
    if metric and after:
        before = measured.quoted.get((metric, "forget", original)) if original else None
        change = _movement(before, after) if before else f"is {number(after)}"
        over = f", mean over {after.n} seeds" if after.stopped == "seeds" else ""
        phrase = measured.measures[metric].phrase
        text = f"{name}On the erased {measured.noun} ({counted(measured)}{over}), {phrase} {_place(measured)} {change}"
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


def counted(measured: Measurements, set_name: str = "forget") -> str:
    """How many records of a set were measured, and how many were erased: "300 of 383 measured"."""
    count, totals = measured.counts.get(set_name, 0), measured.erased_counts
    if set_name != "forget" or not totals:
        return f"{whole(count)} measured"
    if totals == [count]:
        return f"all {whole(count)} measured"
    return f"{whole(count)} of {_span(totals)} measured"


def _span(counts: Sequence[int]) -> str:
    return whole(counts[0]) if len(counts) == 1 else f"{whole(counts[0])} to {whole(counts[-1])}"


def _erased_total(measured: Measurements) -> str:
    return f"{_span(measured.erased_counts)} {measured.noun}" if measured.erased_counts else measured.noun.capitalize()


def _request(short: str, measured: Measurements, request: ErasureRequest | Mapping[str, Any]) -> Answer:
    question = "What was erased?"
    told = counted(measured)
    told = f"{told[:1].upper()}{told[1:]}."
    if not isinstance(request, ErasureRequest):
        selected = _selected(request["by"], request["values"]) if "by" in request else ""
        made = f"Request of {request['time'][:10]}" if "time" in request else ""
        return Answer(question, short, f"{told} The records of the forget set.{selected}", made)
    values = request.selection.values
    named = ", ".join(values[:VALUES]) + (f" and {len(values) - VALUES} more" if len(values) > VALUES else "")
    reason = request.reason if request.reason[-1] in ".!?" else f"{request.reason}."
    detail = f"{told} {reason} Selected by {request.selection.by}: {named}."
    return Answer(question, short, detail, f"Request {request.id}, {request.time[:10]}")


def _selected(by: str, values: int) -> str:
    return f" Selected by {values} {by}{'s' * (values != 1)}."


def _outputs(measured: Measurements, erased: Series, after: Row) -> Answer:
    """What comes through, which is no more than that: what is left in the codec is the verdict's to say."""
    original, retrained = measured.first.get("original"), measured.first.get("retrained")
    before = measured.quoted.get((after.metric, "forget", original)) if original else None
    again = measured.quoted.get((after.metric, "forget", retrained)) if retrained else None
    short = f"{without_unit(before)} → {number(after)}" if before else number(after)
    phrase = measured.measures[after.metric].phrase
    told = [f"{phrase[:1].upper()}{phrase[1:]} {_place(measured)}; outputs only."]
    if again:
        told.append(f"A codec that never saw them: {number(again)}.")
    return Answer("What still comes through?", short, " ".join(told))


def _apart(measured: Measurements, gap: Row) -> Answer:
    """The difference that the verdict rests on."""
    label = measured.measures[gap.metric].label.removesuffix(" (dB)")
    place = "" if gap.snr_db is None else f" at {snr_label(gap.snr_db)} over {channel_label(gap.channel)}"
    detail = f"{interval(gap, signed=True)}: {label} on the erased {measured.noun}{place}, erased − retrained."
    return Answer("What tells it from retraining?", number(gap, signed=True), detail)


def _nearness(measured: Measurements, gap: Row) -> str:
    """What the difference of the outputs says where it does not decide the verdict."""
    if math.isnan(gap.low) or math.isnan(gap.high):
        return "The interval is not known."
    if measured.measures[gap.metric].direction == "none":
        return NOT_JUDGED
    if not sign_of(gap):
        return "The interval includes zero: no difference was found at this n, which is no proof of equality."
    return "A difference was found, but its whole interval does not lie beyond the margin."


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
