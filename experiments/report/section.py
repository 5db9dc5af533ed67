"""One experiment as the page shows it: every part of its section, in the page's order."""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from semlink.experiments.report.figures import LARGE, SMALL, Drawing, draw, grid_of
from semlink.experiments.report.labels import channel_label, snr_label
from semlink.experiments.report.measurements import Measurements
from semlink.experiments.report.metadata import MetadataEntry, metadata_of
from semlink.experiments.report.samples import Exhibit, Sample, exhibits
from semlink.experiments.report.summary import Answer, answers, sentences
from semlink.experiments.report.tables import GapTable, PointTable, TableLine, gap_table, point_table, single_lines
from semlink.experiments.report.verdicts import Verdict, verdicts
from semlink.unlearning.request import is_summary, request_from
from semlink.untrusted import yaml_text

ATTACKS = {
    "membership_auc": "a membership attack, which asks whether a record was in the training set",
    "relearned_loss": "relearning, which asks whether further training brings the erased records back",
}


@dataclass(frozen=True)
class Plot:
    """A figure on the page. file: where it lies beside the page, without its ending."""

    drawing: Drawing
    picture: Markup
    file: str
    caption: str


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
    sentences: list[str]
    answers: list[Answer]
    verdicts: list[Verdict]
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
    grids = {metric: _grid(measured, metric, anchor) for metric in measured.curve_metrics}
    main_grids = [grids[metric] for metric in main]
    return ReportSection(
        name=measured.name,
        anchor=anchor,
        measured=measured,
        subtitle=_subtitle(measured),
        channels=", ".join(map(channel_label, measured.channels)) or "no channel",
        warning=str(_mapping(certificate.get("notes")).get("warning", "")),
        key=_erasure_plots(measured, anchor) if measured.erased else main_grids,
        curves=main_grids if measured.erased else [],
        more=[plot for metric, plot in grids.items() if metric not in main],
        verdicts=verdicts(measured),
        sentences=sentences(measured),
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
    slugs = [_slug(name) for name in names]
    return [slug if slugs.index(slug) == index else f"{slug}-{index + 1}" for index, slug in enumerate(slugs)]


def _subtitle(measured: Measurements) -> str:
    """What was measured, in half a line: codecs, method, channels, Es/N0."""
    codecs = dict.fromkeys(series.codec for series in measured.series)
    methods = dict.fromkeys(series.method for series in measured.erased)
    parts = [
        ", ".join(codecs) if list(codecs) != [measured.name] else "",
        ", ".join(filter(None, methods)),
        ", ".join(map(channel_label, measured.channels)),
    ]
    points = [row.snr_db for row in measured.rows if row.snr_db is not None]
    if points:
        parts.append(f"Es/N0 {snr_label(min(points))} to {snr_label(max(points))}")
    return " · ".join(filter(None, parts))


def key_plots(measured: Measurements, anchor: str) -> list[Plot]:
    """The figures that tell the story of an experiment: two of an erasure, else one of how well the codecs work."""
    if measured.erased:
        return _erasure_plots(measured, anchor)
    return [_grid(measured, measured.quality_metric, anchor)] if measured.quality_metric else []


def _erasure_plots(measured: Measurements, anchor: str) -> list[Plot]:
    """Two panels that tell the story: what became of the erased records, and of records never seen."""
    if measured.point is None:
        return []
    channel = measured.point.channel
    panels = [
        ("forget", measured.forget_metric, "forget"),
        ("quality", measured.quality_metric, measured.quality_set),
    ]
    return [
        _plot(measured, metric, [[(channel, set_name)]], f"{anchor}-key-{name}", LARGE)
        for name, metric, set_name in panels
        if metric and any(measured.curves.get((metric, channel, set_name, series)) for series in measured.series)
    ]


def _grid(measured: Measurements, metric: str, anchor: str) -> Plot:
    """A metric on all its sets and channels."""
    return _plot(measured, metric, grid_of(measured, metric), f"{anchor}-{_slug(metric)}")


def _plot(
    measured: Measurements,
    metric: str,
    places: Sequence[Sequence[tuple[str, str]]],
    name: str,
    panel: tuple[float, float] = SMALL,
) -> Plot:
    drawing, measure = draw(measured, metric, places, panel), measured.measures[metric]
    caption = f"{measure.label}: {measure.meaning}." if measure.meaning else f"{measure.label}."
    return Plot(drawing, drawing.inline(f"f{zlib.crc32(name.encode()):x}"), f"figures/{name}", caption)


def _entries(content: Mapping[str, Any], left_out: str = "") -> list[MetadataEntry]:
    return list(metadata_of({name: value for name, value in content.items() if name != left_out}))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-") or "unnamed"
