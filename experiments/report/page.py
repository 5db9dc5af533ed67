"""The report of a run: one page that stands alone, drawn from the files of the run and nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from semlink.experiments.report import formatting, labels, samples
from semlink.experiments.report.measurements import VERSIONS, in_order
from semlink.experiments.report.run_files import read_run
from semlink.experiments.report.section import ReportSection, anchors_of, section_of
from semlink.experiments.report.verdicts import MEANINGS, sign_of
from semlink.files import write_whole
from semlink.folder_lock import locked

HERE = Path(__file__).parent


@locked("out", "folder")
def write_report(folder: Path, out: Path | None = None, show_erased: bool = False) -> Path:
    """Writes `report.html` and the figures of the run in `folder`, and returns the path of the page.

    In:     folder: a run folder; its samples and metadata add to the report where they exist.
            out: the folder to write to; without it, `folder` itself. show_erased: whether erased records and what a
            request says may stand on the page.
    Errors: ResultsError when the folder holds no run, rows are missing, or a file is damaged; ErasureError when a
            request is not valid.
    """
    out = folder if out is None else out
    run = read_run(folder, out, show_erased)
    experiments = run.experiments
    sections = [
        section_of(measured, anchor, run.samples.get(measured.name, ()), run.descriptions.get(measured.name, {}))
        for measured, anchor in zip(experiments, anchors_of([measured.name for measured in experiments]), strict=True)
    ]
    page = render(sections, run.files)
    for section in sections:
        for plot in (*section.key, *section.curves, *section.more):
            write_whole(out / f"{plot.file}.svg", plot.drawing.svg)
            write_whole(out / f"{plot.file}.png", plot.drawing.png())
    write_whole(out / "report.html", page)
    return out / "report.html"


def render(sections: Sequence[ReportSection], files: Mapping[str, str]) -> str:
    """The page of some sections. In: files: address of each data file -> what it holds."""
    rows = [row for section in sections for row in section.measured.rows]
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            style=style(),
            sections=sections,
            erasure=any(section.measured.erased for section in sections),
            versions=in_order((row.version for row in rows), str, VERSIONS),
            sets=in_order((row.set for row in rows if row.set in labels.SET_LABELS), str, tuple(labels.SET_LABELS)),
            confidences=[
                f"{100 * level:g}" for level in sorted({row.confidence for row in rows if row.stopped != "exact"})
            ],
            seeds=sorted({row.seed for row in rows}),
            codes=sorted({str(row.code_version) for row in rows}),
            files=files,
            terms=_terms(sections),
            meanings={word: MEANINGS[word] for word in MEANINGS if word in _words(sections)},
        )
    )


def environment() -> Environment:
    """The templates of this folder, with what every page of a report needs."""
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=lambda value: formatting.seen(value) if type(value) is str else value,
    )
    made.globals.update(formatting=formatting, labels=labels, samples=samples, sign_of=sign_of)
    return made


def style() -> Markup:
    """The style sheet, which stands in every page."""
    return Markup((HERE / "page.css").read_text(encoding="utf-8"))


def _terms(sections: Sequence[ReportSection]) -> dict[str, str]:
    """What the first lines of the page speak of: the metrics that they quote, and the terms of the field."""
    quoted = dict.fromkeys(
        section.measured.measures[metric]
        for section in sections
        for metric in (section.measured.forget_metric, section.measured.quality_metric)
        if metric and (section.measured.erased or metric == section.measured.quality_metric)
    )
    metrics = {measure.label.removesuffix(" (dB)"): measure.meaning for measure in quoted if measure.meaning}
    erasure = any(section.measured.erased for section in sections)
    return {**{name: said for name, said in labels.TERMS.items() if erasure or name == "Es/N0"}, **metrics}


def _words(sections: Sequence[ReportSection]) -> set[str]:
    """The verdicts that the page speaks."""
    return {
        word
        for section in sections
        for verdict in section.verdicts
        for word in (verdict.word, *(finding.word for finding in verdict.findings))
    }
