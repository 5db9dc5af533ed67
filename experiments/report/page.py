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
from semlink.experiments.report import metric_labels, samples, summary, tables
from semlink.experiments.report.figures import LARGE, SMALL, Drawing, draw
from semlink.experiments.report.metadata import Fact, facts_of
from semlink.experiments.report.rows import VERSIONS, Measurements, in_order, load_measurements, sign_of
from semlink.experiments.report.seeds import first_of_each
from semlink.experiments.report.verdicts import Claim, claims
from semlink.files import write_whole
from semlink.unlearning.request import request_from

DATA_FILES = {
    "results.jsonl": "every number of this page, one row each with its interval",
    "samples.json": "what was sent and what arrived, for all sampled records",
    "experiments.json": "recipes, requests and certificates",
    "recipe.yaml": "the recipe as it was resolved",
}
ATTACKS = {
    "membership_auc": "a membership attack, which asks whether a record was in the training set",
    "relearned_loss": "relearning, which asks whether further training brings the erased records back",
}
NOUNS = {"text": "sentences", "image": "images", "class": "images"}


@dataclass(frozen=True)
class Plot:
    """A figure on the page. file: where it lies beside the page, without its ending."""

    drawing: Drawing
    picture: Markup
    file: str
    caption: str


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
    claims: list[Claim]
    key: list[Plot]
    curves: list[Plot]
    more: list[Plot]
    exhibits: list[samples.Exhibit]
    terms: Sequence[str]
    glance: list[tables.Line]
    glance_heads: list[str]
    gaps: dict[str, list[tables.Line]]
    gap_snrs: list[float]
    singles: list[tables.Line]
    attacks: list[str]
    limit: str
    warning: str
    command: str
    background: dict[str, list[Fact]]
    recipe: str


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Writes `report.html` and the figures of the run in `folder`, and returns the path of the page.

    In:     folder: holds results.jsonl; samples.json and experiments.json add to the report where they exist.
            out: the folder to write to; without it, `folder` itself.
    Errors: ResultsError when rows are missing or a file is damaged; ErasureError when a request is not valid.
    """
    out = folder if out is None else out
    measurements = load_measurements(folder / "results.jsonl")
    all_samples = samples.check_samples(_read_json(folder / "samples.json"), "samples.json")
    described = _descriptions(_read_json(folder / "experiments.json"))
    anchors = _anchors([measured.name for measured in measurements])
    shown = first_of_each(described) | first_of_each(sample.experiment for sample in all_samples)
    sections = [
        _section(
            measured,
            anchor,
            [s for s in all_samples if s.experiment == shown.get(measured.name, measured.name)],
            described.get(shown.get(measured.name, measured.name), {}),
        )
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
        sets=in_order(
            (row.set for row in rows if row.set in metric_labels.SET_WORDS), str, tuple(metric_labels.SET_WORDS)
        ),
        confidences=[
            f"{100 * level:g}" for level in sorted({row.confidence for row in rows if row.stopped != "exact"})
        ],
        seeds=sorted({row.seed for row in rows}),
        codes=sorted({str(row.code_version) for row in rows}),
        files=files,
        metric_labels=metric_labels,
        samples=samples,
        sign_of=sign_of,
    )


def _section(
    measured: Measurements, anchor: str, its_samples: Sequence[samples.Sample], details: Mapping[str, Any]
) -> Section:
    noun = NOUNS.get(_modality(measured, its_samples), "records")
    request = request_from(details["request"], "experiments.json") if details.get("request") else None
    erasure, codec = _mapping(details.get("erasure")), _mapping(details.get("codec"))
    forget, quality = summary.forget_metric(measured), summary.quality_metric(measured)
    main = [metric for metric in dict.fromkeys((forget, quality)) if metric]
    if measured.erased:
        key, shown = _key_plots(measured, anchor, noun, forget, quality), main
    else:
        main, shown = [quality] if quality else [], []
        key = [_grid_plot(measured, metric, anchor, noun) for metric in main]
    glance = main if len(measured.erased) < 2 else [*main, *summary.compared_metrics(measured, main)]
    glance_metrics = [(metric, set_name) for metric in glance for set_name in measured.sets(metric)]
    return Section(
        name=measured.name,
        anchor=anchor,
        noun=noun,
        measured=measured,
        facts=_facts(measured),
        channels=", ".join(map(metric_labels.channel_words, measured.channels)) or "no channel",
        sentences=summary.sentences(measured, noun),
        answers=summary.answers(measured, noun, request),
        claims=claims(measured, noun),
        key=key,
        curves=[_grid_plot(measured, metric, anchor, noun) for metric in shown],
        more=[_grid_plot(measured, m, anchor, noun) for m in measured.curve_metrics if m not in main],
        exhibits=samples.exhibits(its_samples, measured.point.channel if measured.point else None),
        terms=request.selection.values if request and request.selection.by == "term" else (),
        glance=[
            tables.Line((measured.label(series),), tuple(measured.at_point(m, s, series) for m, s in glance_metrics))
            for series in measured.series
        ],
        glance_heads=[
            f"{metric_labels.metric_words(m).label.removesuffix(' (dB)')}, {metric_labels.set_words(s, noun).lower()}"
            for m, s in glance_metrics
        ],
        gaps=tables.gaps(measured, main, noun),
        gap_snrs=tables.snrs(measured, main),
        singles=tables.singles(measured),
        attacks=[
            told
            for metric, told in ATTACKS.items()
            if any(row.metric.partition(":")[0] == metric for row in measured.rows)
        ],
        limit=str(erasure.get("does_not_prove", "")),
        warning=str(_mapping(erasure.get("notes")).get("warning", "")),
        command=str(details.get("command", "")),
        background={
            "Certificate of the erasure": list(facts_of(_without(erasure, "does_not_prove"))),
            **{
                f"Certificate of {label}": list(facts_of(_without(_mapping(told), "does_not_prove")))
                for label, told in _mapping(details.get("other_erasures")).items()
            },
            "Request": list(facts_of(_mapping(details.get("request")))),
            "Codec": list(facts_of(_without(codec, "recipe"))),  # the recipe has a place of its own
        },
        recipe=yaml.safe_dump(details["recipe"], sort_keys=False, allow_unicode=True, width=100)
        if details.get("recipe")
        else "",
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
        count = len(channels)
        across = count // 2 if count > 3 and count % 2 == 0 else count  # two lines are read more easily than a long one
        line = [(channel, sets[0]) for channel in channels]
        places = [line[start : start + across] for start in range(0, count, across)]
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
    words = metric_labels.metric_words(metric)
    caption = f"{words.label}: {words.meaning}." if words.meaning else f"{words.label}."
    return Plot(drawing, drawing.inline(f"f{zlib.crc32(name.encode()):x}"), f"figures/{name}", caption)


def _facts(measured: Measurements) -> str:
    """What was measured, in half a line: codecs, method, channels, Es/N0."""
    codecs = dict.fromkeys(series.codec for series in measured.series)
    methods = dict.fromkeys(series.method for series in measured.erased)
    parts = [
        ", ".join(codecs) if list(codecs) != [measured.name] else "",
        ", ".join(filter(None, methods)),
        ", ".join(map(metric_labels.channel_words, measured.channels)),
    ]
    found = [row.snr_db for row in measured.rows if row.snr_db is not None]
    if found:
        parts.append(f"Es/N0 {metric_labels.snr_words(min(found))} to {metric_labels.snr_words(max(found))}")
    return " · ".join(filter(None, parts))


def _modality(measured: Measurements, its_samples: Sequence[samples.Sample]) -> str:
    if its_samples:
        return its_samples[0].modality
    names = " ".join(measured.curve_metrics)
    marks = {"bleu": "text", "word": "text", "psnr": "image", "ssim": "image", "label_accuracy": "class"}
    return next((modality for mark, modality in marks.items() if mark in names), "")


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


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}
