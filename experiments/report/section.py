"""One experiment as the page shows it: every part of its section, in the page's order."""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from semlink.experiments.report.figures import (
    LARGE,
    MOST_CURVES,
    SMALL,
    Drawing,
    curve_groups,
    draw,
    draw_dots,
    grid_of,
)
from semlink.experiments.report.labels import SET_LABELS, channel_label, codec_label, snr_span
from semlink.experiments.report.measurements import SETS, Measurements, Series, in_order
from semlink.experiments.report.metadata import MetadataEntry, metadata_of
from semlink.experiments.report.palette import Stroke
from semlink.experiments.report.samples import Exhibit, Sample, exhibits
from semlink.experiments.report.summary import Answer, answers, counted, facts
from semlink.experiments.report.tables import GapTable, PointTable, TableLine, gap_table, point_table, single_lines
from semlink.experiments.report.verdicts import NEXT, Verdict, verdict_sentence, verdicts, worst
from semlink.unlearning.request import is_summary, request_from
from semlink.untrusted import yaml_text

DOT_PANELS = 3  # side by side in a dot plot
ATTACKS = {
    "membership_auc": "a membership attack, which asks whether a record was in the training set",
    "calibrated_auc": "a calibrated attack, which asks whether a record is lost less than retrained codecs lose it",
    "relearned_loss": "relearning, which asks whether further training brings the erased records back",
}


@dataclass(frozen=True)
class Plot:
    """A figure on the page. file: where it lies beside the page, without its ending."""

    drawing: Drawing
    picture: Markup
    file: str
    caption: str

    @classmethod
    def of(
        cls,
        measured: Measurements,
        metric: str,
        places: Sequence[Sequence[tuple[str, str]]],
        name: str,
        panel: tuple[float, float] = SMALL,
        series: Sequence[Series] | None = None,
        look: Sequence[Stroke] | None = None,
    ) -> "Plot":
        """Curves of one metric, as `draw` draws them."""
        drawing, measure = draw(measured, metric, places, panel, series, look), measured.measures[metric]
        caption = f"{measure.label}: {measure.meaning}." if measure.meaning else f"{measure.label}."
        if any(set_name == "forget" for row in places for _, set_name in row):
            caption = f"{caption} Erased {measured.noun}: {counted(measured)}."
        return cls(drawing, drawing.inline(_prefix(name)), f"figures/{name}", caption)


@dataclass(frozen=True)
class Headline:
    """The verdict of an experiment as it stands first: in a word, or of several in counts; then why and what next."""

    short: str
    sentence: str
    next_step: str


@dataclass(frozen=True)
class ReportSection:
    """One experiment on the page, from its heading to its metadata.

    key: the figures that tell the story; curves: the main metrics in full; more: all other metrics.
    """

    name: str
    anchor: str
    measured: Measurements
    subtitle: str
    channels: str
    headline: Headline | None
    facts: list[str]
    answers: list[Answer]
    verdicts: list[Verdict]
    records: str
    warning: str
    key: list[Plot]
    limit: str
    point: PointTable
    exhibits: list[Exhibit]
    terms: Sequence[str]
    curves: list[Plot]
    more: list[Plot]
    gaps: GapTable
    singles: list[TableLine]
    attacks: list[str]
    command: str
    metadata: dict[str, list[MetadataEntry]]
    recipe: str


def section_of(
    measured: Measurements, anchor: str, samples: Sequence[Sample], description: Mapping[str, Any]
) -> ReportSection:
    """The section of one experiment.

    In:     anchor: its name, safe in file names and addresses. samples, description: of the experiment, empty where the
            run has none.
    Errors: ErasureError when the request in the description is not valid; ResultsError for a damaged image.
    """
    asked = _mapping(description.get("request"))
    request = request_from(asked, "metadata.json") if asked and not is_summary(asked) else None
    certificate = _mapping(description.get("erasure"))
    main = list(dict.fromkeys(metric for metric in (measured.forget_metric, measured.quality_metric) if metric))
    if not measured.erased:
        main = [measured.quality_metric] if measured.quality_metric else []
    metadata = {
        "Certificate of the erasure": _entries(certificate, "does_not_prove"),
        **{
            f"Certificate of {label}": _entries(_mapping(content), "does_not_prove")
            for label, content in _mapping(description.get("other_erasures")).items()
        },
        "Request": _entries(_mapping(description.get("request"))),
        "Codec": _entries(_mapping(description.get("codec")), "recipe"),  # the recipe has a place of its own
    }
    recipe = description.get("recipe")
    main_grids = [plot for metric in main for plot in _grids(measured, metric, anchor)]
    judged = verdicts(measured)
    return ReportSection(
        name=measured.name,
        anchor=anchor,
        measured=measured,
        subtitle=_subtitle(measured),
        channels=", ".join(map(channel_label, measured.channels)) or "no channel",
        warning=str(_mapping(certificate.get("notes")).get("warning", "")),
        key=key_plots(measured, anchor) if measured.erased else main_grids,
        curves=main_grids if measured.erased else [],
        more=[
            plot for metric in measured.curve_metrics if metric not in main for plot in _more(measured, metric, anchor)
        ],
        verdicts=judged,
        headline=_headline(judged, measured.noun),
        facts=facts(measured),
        records=records_of(measured),
        answers=answers(measured, request or asked),
        limit=str(certificate.get("does_not_prove", "")),
        point=point_table(measured, main),
        gaps=gap_table(measured, main),
        singles=single_lines(measured),
        exhibits=exhibits(samples, measured.point.channel if measured.point else None),
        terms=request.selection.values if request and request.selection.by == "term" else (),
        attacks=[
            attack
            for metric, attack in ATTACKS.items()
            if any(row.metric.partition(":")[0] == metric for row in measured.rows)
        ],
        command=str(description.get("command", "")),
        metadata=metadata,
        recipe=yaml_text(recipe) if recipe else "",
    )


def anchors_of(names: Sequence[str]) -> list[str]:
    """A name for each experiment that is safe in file names and in addresses."""
    slugs = [slug(name) for name in names]
    return [slug if slugs.index(slug) == index else f"{slug}-{index + 1}" for index, slug in enumerate(slugs)]


def records_of(measured: Measurements) -> str:
    """How many records of each set the figures and tables rest on: "Erased: 300 of 383 measured; unseen: 300."."""
    known = in_order((name for name, count in measured.counts.items() if count and name in SET_LABELS), str, SETS)
    parts = [f"{SET_LABELS[name]}: {counted(measured, name)}" for name in known]
    return f"{'; '.join([*parts[:1], *(part[:1].lower() + part[1:] for part in parts[1:])])}." if parts else ""


def _headline(judged: Sequence[Verdict], noun: str) -> Headline | None:
    if not judged:
        return None
    word, sentence = worst(judged), verdict_sentence(judged, noun)
    return Headline(sentence, "", NEXT[word]) if len(judged) > 1 else Headline(f"{word}.", sentence, NEXT[word])


def _subtitle(measured: Measurements) -> str:
    """What was measured, in half a line: codecs, method, channels, Es/N0."""
    codecs = dict.fromkeys(codec_label(series.codec) for series in measured.series)
    methods = dict.fromkeys(series.method for series in measured.erased)
    parts = [
        ", ".join(codecs) if list(codecs) != [measured.name] else "",
        ", ".join(filter(None, methods)),
        ", ".join(map(channel_label, measured.channels)),
    ]
    points = [row.snr_db for row in measured.rows if row.snr_db is not None]
    if points:
        parts.append(f"Es/N0 {snr_span(points)}")
    return " · ".join(filter(None, parts))


def key_plots(measured: Measurements, anchor: str) -> list[Plot]:
    """The figures that tell the story of an experiment: what became of the erased records and of records never seen.

    Of an erasure two panels with curves, or dots at one Es/N0 where a panel could not hold so many curves; else one
    metric on all its sets and channels.
    """
    if not measured.erased:
        return _grids(measured, measured.quality_metric, anchor) if measured.quality_metric else []
    if measured.point is None:
        return []
    channel = measured.point.channel
    panels = [
        (name, metric, set_name)
        for name, metric, set_name in (
            ("forget", measured.forget_metric, "forget"),
            ("quality", measured.quality_metric, measured.quality_set),
        )
        if metric and any(measured.curves.get((metric, channel, set_name, series)) for series in measured.series)
    ]
    if len(measured.series) > MOST_CURVES and panels:
        return [_dots(measured, [(metric, set_name) for _, metric, set_name in panels], f"{anchor}-key")]
    return [
        Plot.of(measured, metric, [[(channel, set_name)]], f"{anchor}-key-{name}", LARGE)
        for name, metric, set_name in panels
    ]


def _dots(measured: Measurements, panels: Sequence[tuple[str, str]], name: str) -> Plot:
    """All methods at the quoted point, a panel for each (metric, set)."""
    drawing = draw_dots(measured, panels)
    measures = dict.fromkeys(measured.measures[metric] for metric, _ in panels)
    told = " ".join(
        f"{measure.label}: {measure.meaning}." if measure.meaning else f"{measure.label}." for measure in measures
    )
    return Plot(drawing, drawing.inline(_prefix(name)), f"figures/{name}", f"{told} {records_of(measured)}".rstrip())


def _more(measured: Measurements, metric: str, anchor: str) -> list[Plot]:
    """A metric that is not a main one: its curves, or dots on its first sets where there are many methods."""
    if not measured.erased or len(measured.series) <= MOST_CURVES:
        return _grids(measured, metric, anchor)
    panels = [
        (metric, set_name)
        for set_name in measured.sets_of[metric]
        if any(measured.quoted.get((metric, set_name, series)) for series in measured.series)
    ]
    return [_dots(measured, panels[:DOT_PANELS], f"{anchor}-{slug(metric)}")] if panels else []


def _grids(measured: Measurements, metric: str, anchor: str) -> list[Plot]:
    """A metric on all its sets and channels; in several figures where there are more codecs than a panel can hold."""
    name = f"{anchor}-{slug(metric)}"
    return [
        Plot.of(measured, metric, grid_of(measured, metric), f"{name}-{number}" if number > 1 else name, series=group)
        for number, group in enumerate(curve_groups(measured, metric), start=1)
    ]


def _prefix(name: str) -> str:
    """What the ids of a figure begin with in a page that holds several."""
    return f"f{zlib.crc32(name.encode()):x}"


def _entries(content: Mapping[str, Any], left_out: str = "") -> list[MetadataEntry]:
    return list(metadata_of({name: value for name, value in content.items() if name != left_out}))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-") or "unnamed"
