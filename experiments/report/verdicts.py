"""What the rows say of an erasure beside retraining: one verdict for each erased codec, and what each audit adds to it.

Every verdict is about the erased records alone: what an erasure did to others is its cost. A difference is judged by
its whole interval, widened to hold for all comparisons of a codec at once, with `semlink.unlearning.equivalence`. From
three retrained codecs on it is that from their mean, and their spread is the margin; beside fewer a difference can be
shown, and nothing matches.

So a difference that was not found is never a match. What knows more anywhere knows more; a codec whose outputs alone
were measured is not tested, unless they tell it apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist, fmean
from typing import Literal

from scipy import stats

from semlink.experiments.report.formatting import attack_side, folded, number, whole, with_interval
from semlink.experiments.report.labels import channel_label, snr_label
from semlink.experiments.report.measurements import Measurements, Series, series_of
from semlink.simulator.intervals import Interval
from semlink.simulator.results import Row
from semlink.unlearning.equivalence import FEWEST, Equivalence, Outcome, equivalence, margin_for, margin_of

Word = Literal["Matches", "Knows more", "Knows less", "Not decided", "Not tested"]
WORDS: tuple[Word, ...] = ("Knows more", "Knows less", "Not decided", "Not tested", "Matches")  # the gravest first
MEANINGS: dict[Word, str] = {
    "Matches": "no more and no less of the erased records is left than retraining leaves, within the margin",
    "Knows more": "something of the erased records is left that a codec that never saw them does not have",
    "Knows less": "more was lost than the records: a codec that never saw them does better, which gives them away too",
    "Not decided": "the interval is too wide, or too few codecs were retrained, to tell a match from a difference",
    "Not tested": "no audit looked for what is left; equal outputs alone do not show that nothing is",
}
NEXT: dict[Word, str] = {
    "Matches": "",
    "Knows more": "Next: erase by another method (`semlink list methods`), or retrain (`--method retrain`).",
    "Knows less": "Next: erase with fewer steps or a lower rate, or retrain (`--method retrain`).",
    "Not decided": "Next: measure more records (`sweep.records`), and retrain several codecs (`retrained: 5`).",
    "Not tested": "Next: audit it beside a retrained codec (`semlink audit`).",
}
OUTPUTS, RELEARNING, CALIBRATED = "Outputs", "Relearning", "Calibrated loss"
ATTACKS = {"membership_auc": "Membership attack", "score_auc": "Attack on the scores"}
EXCESS = "excess_loss"  # of which less is more memory; it is a difference from retrained codecs by itself
AUDITS = (OUTPUTS, RELEARNING, *ATTACKS.values(), CALIBRATED)
SAID: dict[Outcome, Word] = {
    "matches": "Matches",
    "more": "Knows more",
    "less": "Knows less",
    "not decided": "Not decided",
}
TENTH = 0.1


@dataclass(frozen=True)
class Finding:
    """What one audit says, and why. row: the difference that says it most clearly, where there is one."""

    audit: str
    word: Word
    detail: str
    row: Row | None = None


@dataclass(frozen=True)
class Verdict:
    """What is known of one erased codec. erased: which one, where there are several."""

    erased: str
    word: Word
    findings: tuple[Finding, ...]
    margin: str

    @property
    def decisive(self) -> Row | None:
        """The difference that it rests on; None unless it knows more or less."""
        saying = (finding.row for finding in self.findings if finding.word == self.word)
        return next(saying, None) if self.word in ("Knows more", "Knows less") else None

    @property
    def because(self) -> str:
        """The audits that the verdict rests on: "relearning, membership attack"."""
        return ", ".join(finding.audit.lower() for finding in self.findings if finding.word == self.word)


@dataclass(frozen=True)
class _Reference:
    """What a difference is judged by.

    margin: how large it may be. shift: from a difference to the first retrained codec to one to their mean.
    retrained: how many codecs their spread is known from; 0 where it is not known, and the margin is a rule of thumb.
    """

    margin: float
    shift: float = 0.0
    retrained: int = 0


@dataclass(frozen=True)
class _Comparison:
    """One difference to the retrained codecs. row: as it was measured. side: of knowing more, as a sign."""

    row: Row
    audit: str
    side: int
    reference: _Reference

    @property
    def judged(self) -> Row:
        """The difference from the mean of the retrained codecs, or from the only one."""
        low, value, high = (limit + self.reference.shift for limit in (self.row.low, self.row.value, self.row.high))
        return replace(self.row, value=value, low=low, high=high)

    def found(self, count: int) -> Equivalence:
        """The outcome of the equivalence test, judged beside so many others."""
        wide = widened(self.judged, count)
        low, high = sorted((self.side * wide.low, self.side * wide.high))
        difference = Interval(self.side * wide.value, low, high, wide.confidence, wide.n)
        return equivalence(difference, self.reference.margin)

    def word(self, count: int) -> Word:
        """What it says, judged beside so many others."""
        word = SAID[self.found(count).outcome]
        return "Not decided" if word == "Matches" and not self.reference.retrained else word


def verdicts(measured: Measurements) -> list[Verdict]:
    """The verdict on each erased codec of an experiment, in the order of its methods."""
    return [_verdict(measured, erased) for erased in measured.erased]


def verdict_sentence(judged: Sequence[Verdict], noun: str) -> str:
    """The verdict of an experiment in a sentence; empty where nothing was erased."""
    if not judged:
        return ""
    if len(judged) > 1:
        counts = {word: sum(verdict.word == word for verdict in judged) for word in WORDS}
        told = [f"{count} {_plural(word, count)}" for word, count in counts.items() if count]
        return f"Of {len(judged)} erased codecs, beside a retrained one: {', '.join(told)}."
    word, because = judged[0].word, judged[0].because
    after = f" ({because})" if because else ""
    return {
        "Matches": f"Matches a codec retrained without the erased {noun}{after}.",
        "Knows more": f"Knows more of the erased {noun} than a codec retrained without them{after}.",
        "Knows less": f"Knows less of the erased {noun} than a codec retrained without them{after}.",
        "Not decided": f"Not decided whether it matches a codec retrained without the erased {noun}.",
        "Not tested": f"Not tested whether something of the erased {noun} is left in it.",
    }[word]


def worst(judged: Sequence[Verdict]) -> Word:
    """The gravest of some verdicts."""
    return min((verdict.word for verdict in judged), key=WORDS.index)


def sign_of(row: Row) -> int:
    """+1 or -1 where the interval of a difference lies on one side of zero, else 0."""
    if math.isnan(row.low) or math.isnan(row.high):
        return 0
    return 1 if row.low > 0 else -1 if row.high < 0 else 0


def widened(row: Row, count: int) -> Row:
    """The row with limits that hold for `count` comparisons together (Bonferroni), each side scaled as if normal."""
    alone = 1 - row.confidence
    quantile = NormalDist().inv_cdf
    scale = quantile(alone / (2 * count)) / quantile(alone / 2) if 0 < alone < 1 else 1.0
    low, high = (row.value + scale * (limit - row.value) for limit in (row.low, row.high))
    return replace(row, low=low, high=high)


def _verdict(measured: Measurements, erased: Series) -> Verdict:
    comparisons, unjudged = _comparisons(measured, erased)
    findings = []
    for audit in AUDITS:
        of_audit = [comparison for comparison in comparisons if comparison.audit == audit]
        if of_audit:
            findings.append(_finding(measured, audit, of_audit, len(comparisons)))
        elif labels := unjudged.get(audit):
            told = f"{', '.join(labels)}: whether more or less of it is better is not known."
            findings.append(Finding(audit, "Not tested", told))
        elif audit in (OUTPUTS, RELEARNING, "Membership attack"):
            findings.append(Finding(audit, "Not tested", "Not measured beside a retrained codec."))
    words = {finding.word for finding in findings}
    tested = {finding.audit for finding in findings if finding.word != "Not tested"}
    word: Word = next((word for word in ("Knows more", "Knows less") if word in words), "Not tested")
    if word == "Not tested" and tested - {OUTPUTS}:
        word = "Matches" if words <= {"Matches"} else "Not decided"
    name = measured.labels[erased] if len(measured.erased) > 1 else ""
    return Verdict(name, word, tuple(findings), _margin_sentence(measured, comparisons))


def _finding(measured: Measurements, audit: str, comparisons: Sequence[_Comparison], count: int) -> Finding:
    """The gravest word of an audit's comparisons, quoting the comparison that says it most clearly."""
    words = [comparison.word(count) for comparison in comparisons]
    word = next(word for word in WORDS if word in words)
    saying = [comparison for comparison, its in zip(comparisons, words, strict=True) if its == word]
    side = -1 if word == "Knows less" else 1
    clearest = max(
        saying,
        key=lambda c: (
            side * c.side * c.judged.value / (c.reference.margin or 1) if word.startswith("K") else abs(c.judged.value)
        ),
    )
    row, reference = clearest.judged, clearest.reference
    place = (
        "" if row.snr_db is None or audit != OUTPUTS else f" at {snr_label(row.snr_db)}, {channel_label(row.channel)}"
    )
    label = "AUC" if row.metric in ATTACKS else measured.measures[row.metric].label.removesuffix(" (dB)")
    margin = with_interval(replace(row, value=reference.margin, low=math.nan, high=math.nan))
    of = f"{len(saying)} of {len(comparisons)} comparisons; " if len(comparisons) > 1 else ""
    values = f"{_attacked(measured, row)}; before folding, " if row.metric in ATTACKS else ""
    beside = "mean of the retrained" if reference.shift else "retrained"
    gap = "" if audit == CALIBRATED else f"erased − {beside} "
    needed = _needed(saying, count) if word == "Not decided" else ""
    told = f"{of}{label}{place}: {values}{gap}{with_interval(row, signed=True)}, margin {margin}.{needed}"
    return Finding(audit, word, told, row)


def _needed(undecided: Sequence[_Comparison], count: int) -> str:
    """How many records would decide some comparisons, in a sentence; empty where more of them would not."""
    counts = []
    for comparison in undecided:
        within = abs(comparison.judged.value) < comparison.reference.margin
        if within and not comparison.reference.retrained:
            return ""  # nothing matches beside so few retrained codecs, however many records there are
        counts.append(comparison.found(count).needed)
    known = [needed for needed in counts if needed is not None]
    if len(known) < len(counts):
        return ""
    units = "seeds" if undecided[0].row.stopped == "seeds" else "records"
    return f" About {whole(max(known))} {units} would decide it."


def _attacked(measured: Measurements, gap: Row) -> str:
    """The areas of an attack on both codecs, folded, with their direction."""
    told = []
    for version in ("erased", "retrained"):
        mine = [
            cell[gap.snr_db]
            for (metric, channel, set_name, series), cell in measured.cells.items()
            if (metric, channel, set_name, series.version) == (gap.metric, gap.channel, gap.set, version)
            and (version == "retrained" or series == series_of(gap) or len(measured.erased) == 1)
            and gap.snr_db in cell
        ]
        if mine:
            side = attack_side(mine[0])
            told.append(f"{version} {number(folded(mine[0]))}{f' ({side})' if side else ''}")
    return ", ".join(told)


def _comparisons(measured: Measurements, erased: Series) -> tuple[list[_Comparison], dict[str, list[str]]]:
    """What is compared with the retrained codec, and by audit the labels of measures that cannot be judged."""
    main = {measured.forget_metric, measured.quality_metric} & set(measured.curve_metrics)
    found: list[_Comparison] = []
    unjudged: dict[str, dict[str, None]] = {}
    for row in measured.differences:
        mine = (row.version, row.minus) == (erased.version, "retrained") and row.set == "forget"
        if not mine or not (series_of(row) == erased or len(measured.erased) == 1):
            continue
        audit = ATTACKS.get(row.metric)
        if row.metric.startswith("relearned_"):
            audit = RELEARNING
        elif row.metric in main and row.snr_db is not None:
            audit = OUTPUTS
        if audit is None or not (math.isfinite(row.low) and math.isfinite(row.high)):
            continue
        measure = measured.measures[row.metric]
        side = 1 if row.metric in ATTACKS else {"higher": 1, "lower": -1, "none": 0}[measure.direction]
        if side:
            found.append(_Comparison(row, audit, side, _reference(measured, row)))
        else:
            unjudged.setdefault(audit, {})[measure.label] = None
    for (metric, _, set_name, series), cell in measured.cells.items():
        if metric.partition(":")[0] == EXCESS and set_name == "forget" and series == erased:
            for row in cell.values():
                if math.isfinite(row.low) and math.isfinite(row.high):
                    found.append(_Comparison(row, CALIBRATED, -1, _reference(measured, row)))
    return found, {audit: list(labels) for audit, labels in unjudged.items()}


def _reference(measured: Measurements, row: Row) -> _Reference:
    """What a difference is judged by: the spread of the retrained codecs, where at least three were measured."""

    def cells(metric: str, version: str) -> list[dict[float | None, Row]]:
        its = (series for series in measured.series if series.version == version)
        found = (measured.cells.get((metric, row.channel, row.set, series), {}) for series in its)
        return [cell for cell in found if cell]

    retrained = cells(row.metric, "retrained")
    here = [cell[row.snr_db] for cell in retrained if row.snr_db in cell]
    count, values = len(here), [codec.value for codec in here]
    excess = row.metric.partition(":")[0] == EXCESS  # of each retrained codec, by the mean of the others
    if here and here[0].stopped == "seeds" and here[0].n >= FEWEST:
        scale = math.sqrt((count - 1) / count) if excess else 1.0
        return _Reference(margin_for(scale * _deviation(here[0]), here[0].n), retrained=here[0].n)
    if count >= FEWEST and all(map(math.isfinite, values)):
        if excess:
            return _Reference(margin_of([value * (count - 1) / count for value in values]), retrained=count)
        return _Reference(margin_of(values), values[0] - fmean(values), count)
    if not here:
        return _Reference(0.0)
    # What is relearned is known to the original from the start.
    original = cells(row.metric, "original") or cells(
        row.metric.removeprefix("relearned_").partition(":")[0], "original"
    )
    apart = [
        abs(before[snr_db].value - retrained[0][snr_db].value)
        for before in original[:1]
        for snr_db in before.keys() & retrained[0].keys()
    ]
    largest = max((distance for distance in apart if math.isfinite(distance)), default=abs(here[0].value))
    return _Reference(TENTH * largest if math.isfinite(largest) else 0.0)


def _deviation(mean: Row) -> float:
    """The standard deviation between seeds, from the t interval of their mean."""
    half = mean.high - mean.value
    return float(half * math.sqrt(mean.n) / stats.t.ppf((1 + mean.confidence) / 2, mean.n - 1))


def _margin_sentence(measured: Measurements, comparisons: Sequence[_Comparison]) -> str:
    """Where the margins come from."""
    told: list[str] = []
    for count in sorted({comparison.reference.retrained for comparison in comparisons}, reverse=True):
        if not count:
            rule = (
                "a tenth of the largest distance from the original to the retrained codec on the curve (of the "
                "retrained codec's own value where the original was not measured). It can show a difference, never a "
                f"match: that takes the spread of at least {FEWEST} retrained codecs."
            )
            told.append(f"Margin{' of the others' if told else ''}: {rule}")
            continue
        seeds = any(row.stopped == "seeds" for row in measured.rows)
        codecs = f"the retrained codecs of {count} seeds" if seeds else f"the {count} retrained codecs"
        told.append(
            f"Margin: how far one more retrained codec would lie from the mean of {codecs}, in 95 of 100 comparisons."
        )
    return " ".join(told)


def _plural(word: Word, count: int) -> str:
    verb, _, rest = word.partition(" ")
    if count == 1 or verb == "Not":
        return word.lower()
    return f"{verb.lower().removesuffix('es') if verb == 'Matches' else verb.lower().removesuffix('s')} {rest}".strip()
