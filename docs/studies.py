"""Blocks of the documentation that are drawn from recorded rows and registries: sentences and tables."""

import functools
import inspect
import math
from collections.abc import Sequence
from pathlib import Path

from semlink.codecs import CODECS
from semlink.experiments.report.formatting import duration
from semlink.experiments.report.labels import set_label
from semlink.experiments.report.measurements import USUAL_SNR_DB, Measurements, Series, measurements_of, series_of
from semlink.experiments.report.run_files import read_run
from semlink.experiments.report.summary import sentences
from semlink.experiments.report.verdicts import MEANINGS
from semlink.experiments.workflow.run_folder import RunFolder
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
ATTACKS = ("membership_auc", "score_auc")


def method_table() -> str:
    """Every method, the sets it reads, and the codecs that it is defined on."""
    lines = [line(["method", "what it does", "reads", *CODECS]), line(["---"] * (3 + len(CODECS)))]
    for name, method in METHODS.items():
        summary = (inspect.getdoc(method) or "").splitlines()[0]
        defined = ["yes" if method.defined_on(codec) else "" for codec in CODECS.values()]
        lines.append(line([f"`{name}`", summary, ", ".join(method.reads) or "nothing", *defined]))
    return "\n".join(lines)


def summary_list(folder: Path) -> str:
    """The sentences of every experiment of a run, as a list. Errors: ResultsError when the rows are missing."""
    experiments = read_run(folder, folder).experiments
    return "\n".join(f"- **{measured.name}**: {' '.join(sentences(measured))}" for measured in experiments)


def verdict_table() -> str:
    """The words of a verdict, and what each means."""
    return "\n".join(
        [
            line(["the page says", "meaning"]),
            line(["---"] * 2),
            *(line([word.lower(), meaning]) for word, meaning in MEANINGS.items()),
        ]
    )


def study_table(folder: Path, experiment: str) -> str:
    """One line for each version of a codec: record sets at the usual point, audits, and the cost.

    An interval is given as half of its width.
    Errors: ResultsError when the rows are missing; KeyError when the experiment is not among them.
    """
    measured = experiment_of(folder, experiment)
    columns = _columns(measured)
    heads = ["", *(head for head, _ in columns), "time", "against retraining"]
    lines = [line(heads), line(["---"] * len(heads))]
    for series in measured.series:
        cells = [rows.get(series) for _, rows in columns]
        spent = measured.singles.get(("seconds", series))
        time = duration(spent.value) if spent else ""
        faster = speed(folder, experiment, series) if series.version == "erased" else ""
        lines.append(line([measured.labels[series], *map(cell, cells), time, faster]))
    place = f"Channel {measured.point.channel}, {measured.point.snr_db:g} dB. " if measured.point else ""
    seeds = max((row.n for row in measured.rows if row.stopped == "seeds"), default=0)
    over = f"Means over {seeds} seeds, ± half a 95 % interval over them." if seeds else "± half a 95 % interval."
    return "\n".join([*lines, "", place + over])


def curve_table(folder: Path, experiment: str, metric: str, set_name: str) -> str:
    """One metric on one set over Es/N0, a line for each version. Errors: as `study_table`."""
    measured = experiment_of(folder, experiment)
    assert measured.point is not None  # there is a curve
    channel = measured.point.channel
    curves = {series: measured.curves.get((metric, channel, set_name, series), []) for series in measured.series}
    points = [row.snr_db for row in next(iter(curves.values())) if row.snr_db is not None]
    head = f"{measured.measures[metric].label}, {set_label(set_name, 'records').lower()}"
    lines = [line([head, *(f"{point:g} dB" for point in points)]), line(["---"] * (1 + len(points)))]
    lines += [line([measured.labels[series], *map(cell, rows)]) for series, rows in curves.items()]
    return "\n".join(lines)


def across_table(folder: Path, metric: str, set_name: str) -> str:
    """One metric on one set at 12 dB, or nearest to it: a line for each version, a column for each experiment of a run.

    Errors: ResultsError when the rows are missing.
    """
    experiments = measurements_of(RunFolder.open(folder).rows())
    head = f"{experiments[0].measures[metric].label}, {set_label(set_name, 'records').lower()}"
    rows: dict[str, dict[str, str]] = {}
    for measured in experiments:
        for series in measured.series:
            curve = measured.curves[metric, measured.channels_of[metric][0], set_name, series]
            nearest = min(curve, key=lambda row: abs((row.snr_db or 0.0) - USUAL_SNR_DB))
            rows.setdefault(measured.labels[series], {})[measured.name] = cell(nearest)
    names = [measured.name for measured in experiments]
    lines = [line([head, *names]), line(["---"] * (1 + len(names)))]
    lines += [line([label, *(cells.get(name, "") for name in names)]) for label, cells in rows.items()]
    return "\n".join(lines)


def tokens_table(folder: Path, experiment: str) -> str:
    """What `calibrated-loss` finds, by kind of token: a line for each version of a codec. Errors: as `study_table`."""
    measured = experiment_of(folder, experiment)
    columns = {
        measure.label: {series_of(row): row for row in measured.rows if (row.metric, row.minus) == (metric, None)}
        for metric, measure in measured.measures.items()
        if metric.startswith("excess_loss:") or metric.startswith("calibrated_auc:part=others")
    }
    lines = [line(["", *columns]), line(["---"] * (1 + len(columns)))]
    lines += [
        line([measured.labels[series], *(cell(rows.get(series)) for rows in columns.values())])
        for series in measured.series
    ]
    return "\n".join(lines)


def experiment_of(folder: Path, name: str) -> Measurements:
    """One experiment of a run. Errors: as `study_table`."""
    return {measured.name: measured for measured in measurements_of(RunFolder.open(folder).rows())}[name]


def speed(folder: Path, experiment: str, series: Series) -> str:
    """How many times faster than retraining, as a range over the seeds; nothing where it is not recorded.

    A ratio of mean times would hide how much they differ. Errors: as `study_table`.
    """
    seconds: dict[tuple[str, str, str], list[float]] = {}
    for row in _seconds(folder):
        if row.experiment == experiment or row.experiment.startswith(f"{experiment}-seed-"):
            seconds.setdefault((row.experiment, row.version, row.method), []).append(row.value)
    ratios = []
    for (name, version, method), spent in seconds.items():
        again = [values[0] for (other, kind, _), values in seconds.items() if (other, kind) == (name, "retrained")]
        if (version, method) == (series.version, series.method) and again:
            ratios.append(sum(again) / len(again) / spent[0])
    if not ratios:
        return ""
    low, high = (f"{float(f'{ratio:.3g}'):,g}" for ratio in (min(ratios), max(ratios)))
    return f"{low} times" if len(ratios) == 1 else f"{low} to {high} times"


@functools.cache
def _seconds(folder: Path) -> list[Row]:
    """The times of a run, one row a seed."""
    return [row for row in RunFolder.open(folder).rows() if row.metric == "seconds" and row.stopped != "seeds"]


def _columns(measured: Measurements) -> list[tuple[str, dict[Series, Row]]]:
    """Headings and the rows below them; a column without any row is left out."""
    columns: list[tuple[str, dict[Series, Row]]] = []
    for metric in dict.fromkeys(filter(None, (measured.forget_metric, measured.quality_metric))):
        for set_name in measured.sets_of[metric]:
            quoted = [(series, measured.quoted.get((metric, set_name, series))) for series in measured.series]
            head = f"{measured.measures[metric].label}, {set_label(set_name, 'records').lower()}"
            columns.append((head, {series: row for series, row in quoted if row}))
    for audited, set_name in AUDITED:
        for metric, measure in measured.measures.items():
            if metric.partition(":")[0] == audited:
                rows = [row for row in measured.rows if (row.metric, row.set, row.minus) == (metric, set_name, None)]
                columns.append((measure.label, {series_of(row): row for row in rows}))
    return [(head, rows) for head, rows in columns if rows]


def cell(row: Row | None) -> str:
    """A measured value with half of its interval, or nothing.

    The AUC of an attack below 0.5 is given as that of the attack with its guess turned round.
    """
    if row is None:
        return ""
    turned = row.metric.partition(":")[0] in ATTACKS and row.value < 0.5
    value = 1 - row.value if turned else row.value
    digits = 1 if row.unit == "dB" or abs(value) >= 10 else 3 if abs(value) >= 0.1 else 4
    half = (row.high - row.low) / 2
    width = f"\u00a0±\u00a0{half:.{digits}f}" if math.isfinite(half) and row.stopped != "exact" else ""
    return f"{value:.{digits}f}{width}".replace("-", "−") + (" (turned)" if turned else "")


def line(cells: Sequence[str]) -> str:
    """One line of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
