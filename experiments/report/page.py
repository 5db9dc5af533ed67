"""The report of a run: one page that stands alone, drawn from the files of the run and nothing else."""

import json
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from semlink.errors import ResultsError
from semlink.experiments.report import samples, summary, wording
from semlink.experiments.report.figures import LARGE, SMALL, Drawing, draw
from semlink.experiments.report.rows import VERSIONS, Measurements, Series, in_order, load_measurements, sign_of
from semlink.files import write_whole
from semlink.simulator.results import Row

DATA_FILES = {
    "results.jsonl": "every number of this page, one row each with its interval",
    "samples.json": "what was sent and what arrived, for all sampled records",
    "experiments.json": "recipes, requests and certificates",
    "recipe.yaml": "the recipe as it was resolved",
}
NOUNS = {"text": "sentences", "image": "images"}


@dataclass(frozen=True)
class Plot:
    """A figure on the page. file: where it lies beside the page, without its ending."""

    drawing: Drawing
    picture: Markup
    file: str
    caption: str


@dataclass(frozen=True)
class Line:
    """A line of a table: its heading cells and the rows that fill the others."""

    heading: tuple[str, ...]
    cells: tuple[Row | None, ...]


@dataclass(frozen=True)
class Section:
    """One experiment as the page shows it."""

    name: str
    anchor: str
    noun: str
    measured: Measurements
    facts: str
    channels: str
    sentences: list[str]
    answers: list[summary.Answer]
    key: list[Plot]
    curves: list[Plot]
    more: list[Plot]
    exhibits: list[samples.Exhibit]
    terms: list[str]
    glance: list[Line]
    glance_heads: list[str]
    gaps: dict[str, list[Line]]
    gap_snrs: list[float]
    singles: list[Line]
    attacked: bool
    details: Mapping[str, Any]


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Writes `report.html` and the figures of the run in `folder`, and returns the path of the page.

    In:     folder: holds results.jsonl; samples.json and experiments.json add to the report where they exist.
            out: the folder to write to; without it, `folder` itself.
    Errors: ResultsError when rows are missing or a file is damaged.
    """
    out = folder if out is None else out
    measurements = load_measurements(folder / "results.jsonl")
    all_samples = samples.check_samples(_read_json(folder / "samples.json"), "samples.json")
    described = _descriptions(_read_json(folder / "experiments.json"))
    anchors = _anchors([measured.name for measured in measurements])
    sections = [
        _section(measured, anchor, [s for s in all_samples if s.experiment == measured.name], described)
        for measured, anchor in zip(measurements, anchors, strict=True)
    ]
    for section in sections:
        for plot in (*section.key, *section.curves, *section.more):
            write_whole(out / f"{plot.file}.svg", plot.drawing.svg)
            write_whole(out / f"{plot.file}.png", plot.drawing.png)
    page = out / "report.html"
    write_whole(page, _render(sections, _data_files(folder, out)))
    return page


def _render(sections: Sequence[Section], files: Mapping[str, str]) -> str:
    here = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(here), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    rows = [row for section in sections for row in section.measured.rows]
    return environment.get_template("page.html.j2").render(
        style=Markup((here / "page.css").read_text(encoding="utf-8")),
        sections=sections,
        erasure=any(section.measured.erased for section in sections),
        versions=in_order((row.version for row in rows), str, VERSIONS),
        sets=in_order((row.set for row in rows if row.set in wording.SET_WORDS), str, tuple(wording.SET_WORDS)),
        confidences=[f"{100 * level:g}" for level in sorted({row.confidence for row in rows})],
        seeds=sorted({row.seed for row in rows}),
        codes=sorted({str(row.code_version) for row in rows}),
        files=files,
        wording=wording,
        samples=samples,
        sign_of=sign_of,
        as_yaml=_as_yaml,
        flatten=_flatten,
    )


def _section(
    measured: Measurements, anchor: str, its_samples: Sequence[samples.Sample], described: Mapping[str, Any]
) -> Section:
    details = described.get(measured.name, {})
    noun = NOUNS.get(_modality(measured, its_samples), "records")
    request = details.get("request")
    forget, quality = summary.forget_metric(measured), summary.quality_metric(measured)
    main = [metric for metric in dict.fromkeys((forget, quality)) if metric]
    if measured.erased:
        key, shown = _key_plots(measured, anchor, noun, forget, quality), main
    else:
        main, shown = [quality] if quality else [], []
        key = [_grid_plot(measured, metric, anchor, noun) for metric in main]
    glance_metrics = [(metric, set_name) for metric in main for set_name in measured.sets(metric)]
    return Section(
        name=measured.name,
        anchor=anchor,
        noun=noun,
        measured=measured,
        facts=_facts(measured),
        channels=", ".join(map(wording.channel_words, measured.channels)) or "no channel",
        sentences=summary.sentences(measured, noun),
        answers=summary.answers(measured, noun, _request_words(request)),
        key=key,
        curves=[_grid_plot(measured, metric, anchor, noun) for metric in shown],
        more=[_grid_plot(measured, m, anchor, noun) for m in measured.curve_metrics if m not in main],
        exhibits=samples.exhibits(its_samples, measured.point.channel if measured.point else None),
        terms=_strings(request.get("terms")) if isinstance(request, Mapping) else [],
        glance=[
            Line((measured.label(series),), tuple(measured.at_point(m, s, series) for m, s in glance_metrics))
            for series in measured.series
        ],
        glance_heads=[
            f"{wording.metric_words(m).label.removesuffix(' (dB)')}, {wording.set_words(s, noun).lower()}"
            for m, s in glance_metrics
        ],
        gaps=_gaps(measured, main, noun),
        gap_snrs=_snrs(measured, main),
        singles=_singles(measured),
        attacked=any("membership" in row.metric for row in measured.rows),
        details=details,
    )


def _key_plots(measured: Measurements, anchor: str, noun: str, forget: str | None, quality: str | None) -> list[Plot]:
    """Two panels that tell the story: what became of the erased records, and of records never seen."""
    if measured.point is None:
        return []
    wanted = [("forget", forget, "forget"), ("quality", quality, summary.quality_set(measured))]
    return [
        _plot(measured, metric, noun, [[(measured.point.channel, set_name)]], f"{anchor}-key-{name}", LARGE)
        for name, metric, set_name in wanted
        if metric and any(measured.curve(metric, measured.point.channel, set_name, s) for s in measured.series)
    ]


def _grid_plot(measured: Measurements, metric: str, anchor: str, noun: str) -> Plot:
    sets, channels = measured.sets(metric), measured.channels_of(metric)
    places = [[(channel, set_name) for set_name in sets] for channel in channels]
    if len(sets) == 1:
        places = [[(channel, sets[0]) for channel in channels]]
    return _plot(measured, metric, noun, places, f"{anchor}-{_slug(metric)}")


def _plot(
    measured: Measurements,
    metric: str,
    noun: str,
    places: Sequence[Sequence[tuple[str, str]]],
    name: str,
    panel: tuple[float, float] = SMALL,
) -> Plot:
    drawing = draw(measured, metric, noun, places, panel)
    words = wording.metric_words(metric)
    caption = f"{words.label}: {words.meaning}." if words.meaning else f"{words.label}."
    return Plot(drawing, drawing.inline(f"f{zlib.crc32(name.encode()):x}"), f"figures/{name}", caption)


def _gaps(measured: Measurements, metrics: Sequence[str], noun: str) -> dict[str, list[Line]]:
    """The paired differences erased - retrained of the main metrics, a line for each set and channel."""
    found: dict[str, list[Line]] = {}
    for series in measured.erased:
        for metric in metrics:
            for set_name in measured.sets(metric):
                for channel in measured.channels_of(metric):
                    cells = tuple(
                        measured.gap(metric, set_name, channel, snr_db, series, "retrained")
                        for snr_db in _snrs(measured, metrics)
                    )
                    if any(cells):
                        label = wording.metric_words(metric).label
                        several = f" ({measured.label(series)})" if len(measured.erased) > 1 else ""
                        place = f"{wording.set_words(set_name, noun)}, {wording.channel_words(channel)}"
                        found.setdefault(f"{label}{several}", []).append(Line((place,), cells))
    return found


def _snrs(measured: Measurements, metrics: Sequence[str]) -> list[float]:
    return sorted({row.snr_db for row in measured.rows if row.metric in metrics and row.snr_db is not None})


def _singles(measured: Measurements) -> list[Line]:
    """The numbers that are no curve (times, channel uses, audits), a line for each, with a column for each series."""
    keys = dict.fromkeys(
        (row.metric, row.set, row.channel, row.snr_db)
        for row in measured.rows
        if row.metric not in measured.curve_metrics and row.minus is None
    )
    lines = []
    for metric, set_name, channel, snr_db in keys:
        rows = [
            row
            for row in measured.rows
            if (row.metric, row.set, row.channel, row.snr_db) == (metric, set_name, channel, snr_db)
            and row.minus is None
        ]
        where = [
            wording.SET_WORDS.get(set_name, set_name),
            wording.channel_words(channel),
            "" if snr_db is None else wording.snr_words(snr_db),
        ]
        heading = (wording.metric_words(metric).label, ", ".join(filter(None, where)))
        lines.append(Line(heading, tuple(_of_series(rows, series) for series in measured.series)))
    return lines


def _of_series(rows: Sequence[Row], series: Series) -> Row | None:
    wanted = (series.version, series.codec, series.method, series.seed)
    return next((row for row in reversed(rows) if (row.version, row.codec, row.method, row.seed) == wanted), None)


def _facts(measured: Measurements) -> str:
    """What was measured, in half a line: codecs, method, channels, Es/N0."""
    codecs = dict.fromkeys(series.codec for series in measured.series)
    methods = dict.fromkeys(series.method for series in measured.erased)
    parts = [
        ", ".join(codecs),
        ", ".join(filter(None, methods)),
        ", ".join(map(wording.channel_words, measured.channels)),
    ]
    found = [row.snr_db for row in measured.rows if row.snr_db is not None]
    if found:
        parts.append(f"Es/N0 {wording.snr_words(min(found))} to {wording.snr_words(max(found))}")
    return " · ".join(filter(None, parts))


def _modality(measured: Measurements, its_samples: Sequence[samples.Sample]) -> str:
    if its_samples:
        return its_samples[0].modality
    names = " ".join(measured.curve_metrics)
    return "text" if "bleu" in names or "word" in names else "image" if "psnr" in names or "ssim" in names else ""


def _request_words(request: object) -> str:
    """The request in one line: its short facts, long lists cut."""
    if not isinstance(request, Mapping):
        return ""
    told: list[str] = []
    for name, value in request.items():
        items = _strings(value if isinstance(value, list) else [value])
        if items and len(told) < 3:
            text = ", ".join(items[:6]) + (f" and {len(items) - 6} more" if len(items) > 6 else "")
            told.append(f"{name} {text}" if len(text) <= 90 else f"{name} {text[:88]}…")
    return f"Request: {'; '.join(told)}." if told else ""


def _strings(value: object) -> list[str]:
    items = value if isinstance(value, list) else []
    return [str(item) for item in items if isinstance(item, str | int | float) and str(item)]


def _read_json(path: Path) -> object:
    """The content of a JSON file, an empty list where there is none. Errors: ResultsError when it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise ResultsError(f"{path} is damaged; remove it or run the experiment again.") from error


def _descriptions(content: object) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for entry in content if isinstance(content, list) else [content]:
        if not (isinstance(entry, Mapping) and isinstance(entry.get("experiment"), str)):
            raise ResultsError("experiments.json is not a list of experiments; remove it or run the experiment again.")
        found[entry["experiment"]] = entry
    return found


def _data_files(folder: Path, out: Path) -> dict[str, str]:
    """The data files of the run and what they hold, as the page can link to them."""
    found = {name: note for name, note in DATA_FILES.items() if (folder / name).exists()}
    return {Path(os.path.relpath(folder / name, out)).as_posix(): note for name, note in found.items()}


def _anchors(names: Sequence[str]) -> list[str]:
    """A name for each experiment that is safe in file names and in addresses."""
    slugs = [_slug(name) for name in names]
    return [slug if slugs.index(slug) == index else f"{slug}-{index + 1}" for index, slug in enumerate(slugs)]


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-") or "unnamed"


def _as_yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def _flatten(value: object, name: str = "") -> list[tuple[str, str]]:
    """A mapping of mappings as (dotted name, value) pairs."""
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() for pair in _flatten(inner, f"{name}.{key}" if name else str(key))]
    if isinstance(value, list):
        return [(name, ", ".join(map(str, value)))]
    return [(name, f"{value:.6g}" if isinstance(value, float) else str(value))]
