"""Tables of the documentation that are drawn from recorded rows: the methods of a study, and what is defined on what."""

import inspect
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from semlink.codecs import CODECS
from semlink.experiments.report.metric_labels import duration, metric_words, set_words
from semlink.experiments.report.rows import USUAL_SNR_DB, Measurements, Series, load_measurements
from semlink.experiments.report.summary import forget_metric, quality_metric
from semlink.simulator.results import Row
from semlink.unlearning.methods import METHODS

AUDITED = (  # metric, set
    ("share_on_request", "forget"),
    ("histogram_distance", "forget"),
    ("request_distance", "forget"),
    ("frechet_distance", "test"),
    ("score_auc", "forget"),
    ("score_spread", "forget"),
    ("score_ks_p", "forget"),
    ("membership_auc", "forget"),
    ("relearned_loss", "forget"),
    ("relearned_term_recall", "forget"),
    ("relearned_psnr", "forget"),
    ("relearned_label_accuracy", "forget"),
)


def method_table() -> str:
    """Every method, the sets it reads, and the codecs that it is defined on."""
    lines = [line(["method", "what it does", "reads", *CODECS]), line(["---"] * (3 + len(CODECS)))]
    for name, method in METHODS.items():
        told = (inspect.getdoc(method) or "").splitlines()[0]
        defined = ["yes" if method.defined_on(codec) else "" for codec in CODECS.values()]
        lines.append(line([f"`{name}`", told, ", ".join(method.reads) or "nothing", *defined]))
    return "\n".join(lines)


def study_table(folder: Path, experiment: str) -> str:
    """One line for each version of a codec: sets at the usual point, audits, and the cost. Intervals as halves of width.

    Errors: ResultsError when the rows are missing; KeyError when the experiment is not among them.
    """
    measured = {one.name: one for one in load_measurements(folder / "results.jsonl")}[experiment]
    columns = _columns(measured)
    heads = ["", *(head for head, _ in columns), "time", "faster than retraining"]
    lines = [line(heads), line(["---"] * len(heads))]
    again = measured.single("seconds", measured.first("retrained"))
    for series in measured.series:
        cells = [found.get(series) for _, found in columns]
        spent = measured.single("seconds", series)
        time = duration(spent.value) if spent else ""
        faster = f"{again.value / spent.value:.3g} times" if spent and again and series.version == "erased" else ""
        lines.append(line([measured.label(series), *map(cell, cells), time, faster]))
    place = f"Channel {measured.point.channel}, {measured.point.snr_db:g} dB. " if measured.point else ""
    seeds = max((row.n for row in measured.rows if row.stopped == "seeds"), default=0)
    over = f"Means over {seeds} seeds, ± half a 95 % interval over them." if seeds else "± half a 95 % interval."
    return "\n".join([*lines, "", place + over])


def curve_table(folder: Path, experiment: str, metric: str, set_name: str) -> str:
    """One metric on one set over Es/N0, a line for each version. Errors: as `study_table`."""
    measured = {one.name: one for one in load_measurements(folder / "results.jsonl")}[experiment]
    assert measured.point is not None  # there is a curve
    channel = measured.point.channel
    curves = {series: measured.curve(metric, channel, set_name, series) for series in measured.series}
    points = [row.snr_db for row in next(iter(curves.values())) if row.snr_db is not None]
    head = f"{metric_words(metric).label}, {set_words(set_name, 'records').lower()}"
    lines = [line([head, *(f"{point:g} dB" for point in points)]), line(["---"] * (1 + len(points)))]
    lines += [line([measured.label(series), *map(cell, rows)]) for series, rows in curves.items()]
    return "\n".join(lines)


def across_table(folder: Path, metric: str, set_name: str) -> str:
    """One metric on one set at 12 dB or nearest to it, a line for each version and a column for each experiment of a run.

    Errors: ResultsError when the rows are missing.
    """
    measured = load_measurements(folder / "results.jsonl")
    head = f"{metric_words(metric).label}, {set_words(set_name, 'records').lower()}"
    rows: dict[str, dict[str, str]] = {}
    for one in measured:
        for series in one.series:
            curve = one.curve(metric, one.channels_of(metric)[0], set_name, series)
            nearest = min(curve, key=lambda row: abs((row.snr_db or 0.0) - USUAL_SNR_DB))
            rows.setdefault(one.label(series), {})[one.name] = cell(nearest)
    lines = [line([head, *(one.name for one in measured)]), line(["---"] * (1 + len(measured)))]
    lines += [line([label, *(cells.get(one.name, "") for one in measured)]) for label, cells in rows.items()]
    return "\n".join(lines)


def _columns(measured: Measurements) -> list[tuple[str, dict[Series, Row]]]:
    """Headings and the rows below them; what no version has stands nowhere."""
    found: list[tuple[str, dict[Series, Row]]] = []
    noun = "records"
    metrics = dict.fromkeys(filter(None, (forget_metric(measured), quality_metric(measured))))
    for metric in metrics:
        for set_name in measured.sets(metric):
            rows = {s: row for s in measured.series if (row := measured.at_point(metric, set_name, s))}
            found.append((f"{metric_words(metric).label}, {set_words(set_name, noun).lower()}", rows))
    for metric, set_name in AUDITED:
        names = dict.fromkeys(row.metric for row in measured.rows if row.metric.partition(":")[0] == metric)
        for name in names:
            rows = _of(measured, name, set_name)
            found.append((metric_words(name).label, rows))
    return [(head, rows) for head, rows in found if rows]


def _of(measured: Measurements, metric: str, set_name: str) -> dict[Series, Row]:
    wanted: Iterable[Row] = (
        row for row in measured.rows if (row.metric, row.set, row.minus) == (metric, set_name, None)
    )
    by_series: dict[Series, Row] = {}
    for row in wanted:
        by_series[Series(row.version, row.codec, row.method, row.seed)] = row
    return by_series


def cell(row: Row | None) -> str:
    """A measured value with half of its interval, or nothing."""
    if row is None:
        return ""
    digits = 1 if row.unit == "dB" or abs(row.value) >= 10 else 3 if abs(row.value) >= 0.1 else 4
    half = (row.high - row.low) / 2
    width = f" ± {half:.{digits}f}" if math.isfinite(half) and row.stopped != "exact" else ""
    return f"{row.value:.{digits}f}{width}".replace("-", "−")


def line(cells: Sequence[str]) -> str:
    """One line of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
