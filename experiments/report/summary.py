"""What the rows of one experiment say, in sentences and in four short answers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from semlink.experiments.report.metric_labels import channel_words, duration, interval, metric_words, number, snr_words
from semlink.experiments.report.rows import Measurements, Series, sign_of
from semlink.simulator.results import Row
from semlink.unlearning.request import ErasureRequest

VALUES = 6  # of a request that are named in its answer
FORGET_METRICS = (
    "term_recall", "patch_brightness", "corpus_bleu4", "sentence_bleu4", "word_accuracy", "psnr", "ssim",
    "label_accuracy", "class_accuracy",
)  # fmt: skip
QUALITY_METRICS = (
    "corpus_bleu4",
    "sentence_bleu4",
    "word_accuracy",
    "psnr",
    "ssim",
    "label_accuracy",
    "class_accuracy",
)

COMPARED = ("backdoor_accuracy", "class_accuracy", "ssim", "word_accuracy")


@dataclass(frozen=True)
class Answer:
    """A question that a reader comes with, its short answer, what the answer rests on, and where to look it up."""

    question: str
    short: str
    detail: str
    small: str = ""


def forget_metric(measured: Measurements) -> str | None:
    """The metric that shows best whether the erased records are gone, or None without a forget set."""
    return _first(FORGET_METRICS, [m for m in measured.curve_metrics if "forget" in measured.sets(m)])


def quality_metric(measured: Measurements) -> str | None:
    """The metric that shows best how well the codec works on records it never saw."""
    unseen = [metric for metric in measured.curve_metrics if "test" in measured.sets(metric)]
    return _first(QUALITY_METRICS, unseen or measured.curve_metrics)


def compared_metrics(measured: Measurements, told: Sequence[str]) -> list[str]:
    """What else stands in the table of several methods: what a user of the codec would ask, beside the metrics told."""
    return [metric for metric in COMPARED if metric in measured.curve_metrics and metric not in told]


def quality_set(measured: Measurements) -> str:
    """The record set that speaks for the codec's quality: unseen records where they were measured."""
    metric = quality_metric(measured)
    sets = measured.sets(metric) if metric else []
    return "test" if "test" in sets or not sets else sets[0]


def sentences(measured: Measurements, noun: str) -> list[str]:
    """The summary of one experiment, of the first method where there are several; every number in it is a row."""
    if measured.erased:
        return _erasure_sentences(measured, measured.erased[0], noun)
    metric, place = quality_metric(measured), _place(measured)
    if metric is None:
        return []
    set_name = quality_set(measured)
    told = [
        f"{_with_interval(row)} for {measured.label(series)}"
        for series in measured.series
        if (row := measured.at_point(metric, set_name, series))
    ]
    return (
        [f"On {_set_phrase(set_name, noun)} {place}, {metric_words(metric).phrase} is {_listing(told)}."]
        if told
        else []
    )


def _erasure_sentences(measured: Measurements, erased: Series, noun: str) -> list[str]:
    told, place = [], _place(measured)
    name = "" if len(measured.erased) == 1 else f"{measured.label(erased)}: "
    metric = forget_metric(measured)
    after = metric and measured.at_point(metric, "forget", erased)
    if metric and after:
        before = measured.at_point(metric, "forget", measured.first("original"))
        change = _movement(before, after) if before else f"is {number(after)}"
        text = f"{name}On the {_counted(after, noun)}, {metric_words(metric).phrase} {place} {change}"
        again = measured.at_point(metric, "forget", measured.first("retrained"))
        told.append(f"{text}; a codec retrained without them reaches {number(again)}." if again else f"{text}.")
    metric, set_name = quality_metric(measured), quality_set(measured)
    after = metric and measured.at_point(metric, set_name, erased)
    if metric and after:
        label, where = metric_words(metric).phrase, _set_phrase(set_name, noun)
        change_row = measured.gap_at_point(metric, set_name, erased, "original")
        before = measured.at_point(metric, set_name, measured.first("original"))
        if change_row:
            told.append(f"On {where} {label} changed by {_with_interval(change_row, signed=True)}.")
        elif before:
            told.append(f"On {where} {label} {_movement(before, after)}.")
    times = [measured.single("seconds", series) for series in (erased, measured.first("retrained"))]
    if times[0] and times[1]:
        told.append(f"Erasing took {duration(times[0].value)}, retraining {duration(times[1].value)}.")
    return told


def _counted(row: Row, noun: str) -> str:
    return f"erased {noun} (mean over {row.n} seeds)" if row.stopped == "seeds" else f"{row.n} erased {noun}"


def answers(measured: Measurements, noun: str, request: ErasureRequest | None) -> list[Answer]:
    """What was erased, whether it is gone, how near that is to retraining, and what it cost."""
    if not measured.erased:
        return []
    erased = measured.erased[0]
    found = []
    metric = forget_metric(measured)
    after = metric and measured.at_point(metric, "forget", erased)
    if metric and after:
        found += [
            _request(noun if after.stopped == "seeds" else f"{after.n} {noun}", request),
            _outputs(measured, metric, erased, after),
        ]
        gap = measured.gap_at_point(metric, "forget", erased, "retrained")
        if gap:
            detail = f"{interval(gap, signed=True)}. {_verdict(gap, metric_words(metric).lower)}"
            found.append(Answer("How near to retraining?", number(gap, signed=True), detail))
    metric, set_name = quality_metric(measured), quality_set(measured)
    after = metric and measured.at_point(metric, set_name, erased)
    if metric and after:
        cost = _cost(measured, metric, set_name, erased, after, noun)
        found += [cost] if cost else []
    return found


def _request(short: str, request: ErasureRequest | None) -> Answer:
    question = "What was erased?"
    if request is None:
        return Answer(question, short, "The records of the forget set.")
    values = request.selection.values
    named = ", ".join(values[:VALUES]) + (f" and {len(values) - VALUES} more" if len(values) > VALUES else "")
    reason = request.reason if request.reason[-1] in ".!?" else f"{request.reason}."
    detail = f"{reason} Selected by {request.selection.by}: {named}."
    return Answer(question, short, detail, f"Request {request.id}, {request.time[:10]}")


def _outputs(measured: Measurements, metric: str, erased: Series, after: Row) -> Answer:
    """What comes through is no more than that, so the attack on the codec is quoted beside it."""
    before = measured.at_point(metric, "forget", measured.first("original"))
    again = measured.at_point(metric, "forget", measured.first("retrained"))
    short = f"{_bare(before)} → {number(after)}" if before else number(after)
    told = [f"What comes through of them {_place(measured)} (outputs only): {metric_words(metric).phrase}."]
    if again:
        told.append(f"A codec that never saw them: {number(again)}.")
    attacked = measured.beside("membership_auc", erased, measured.first("retrained"))
    if attacked:
        mine, other = attacked
        paired = measured.gap(mine.metric, mine.set, mine.channel, mine.snr_db, erased, "retrained")
        found = _paired(paired) if paired else _overlap(mine, other)
        told.append(f"Membership attack (AUC): {number(mine)}, retrained {number(other)}{found}.")
    return Answer("Is it gone?", short, " ".join(told))


def _paired(gap: Row) -> str:
    return f"; difference {_with_interval(gap, signed=True)}: it finds {'a' if sign_of(gap) else 'no'} difference"


def _overlap(first: Row, second: Row) -> str:
    if not all(map(math.isfinite, (first.low, first.high, second.low, second.high))):
        return ""
    apart = first.low > second.high or second.low > first.high
    return f"; the intervals {'lie apart: it finds a difference' if apart else 'overlap: it finds no difference'}"


def _cost(measured: Measurements, metric: str, set_name: str, erased: Series, after: Row, noun: str) -> Answer | None:
    label = metric_words(metric).label.removesuffix(" (dB)")
    where = f"{label} on {_set_phrase(set_name, noun)}"
    change = measured.gap_at_point(metric, set_name, erased, "original")
    before = measured.at_point(metric, set_name, measured.first("original"))
    if change:
        short, detail = number(change, signed=True), f"{interval(change, signed=True)}: change of {where}."
    elif before:
        short, detail = f"{_bare(before)} → {number(after)}", f"{where}, before and after."
    else:
        return None
    spent, again = measured.single("seconds", erased), measured.single("seconds", measured.first("retrained"))
    if spent and again:
        detail += f" Time: {duration(spent.value)}; retraining takes {duration(again.value)}."
    return Answer("What did it cost?", short, detail)


def _verdict(gap: Row, lower: bool) -> str:
    sign = sign_of(gap) * (-1 if lower else 1)
    if math.isnan(gap.low) or math.isnan(gap.high):
        return "The interval is not known."
    if sign == 0:
        return "The interval includes zero: no difference to the retrained codec was found."
    if sign > 0:
        return "Better than a codec that never saw them: something of them remains."
    return "Worse than a codec that never saw them: more was lost than the records."


def _movement(before: Row, after: Row) -> str:
    start, end = _bare(before), number(after)
    if start == _bare(after):
        return f"stayed at {end}"
    verb = "fell" if after.value < before.value else "rose" if after.value > before.value else "went"
    return f"{verb} from {start} to {end}"


def _place(measured: Measurements) -> str:
    point = measured.point
    return f"at {snr_words(point.snr_db)} over {channel_words(point.channel)}" if point else ""


def _set_phrase(set_name: str, noun: str) -> str:
    phrases = {
        "test": f"unseen test {noun}",
        "forget": f"the erased {noun}",
        "forget_test": f"unseen {noun} of the kind erased",
        "retain": f"the kept {noun}",
    }
    return phrases.get(set_name, f"{set_name} {noun}")


def _bare(row: Row) -> str:
    return number(row).removesuffix(f"\u00a0{row.unit}")


def _with_interval(row: Row, signed: bool = False) -> str:
    return f"{number(row, signed)} {interval(row, signed)}".rstrip()


def _listing(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _first(preferred: Sequence[str], found: Sequence[str]) -> str | None:
    return next((metric for metric in preferred if metric in found), found[0] if found else None)
