"""Numbers in sentences of the documentation, each drawn from recorded rows."""

from pathlib import Path

from studies import cell, experiment_of, speed

from semlink.experiments.report.formatting import with_interval
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.simulator.results import Row


def value(results: Path, run: str, experiment: str, method: str, metric: str, set_name: str, *rest: str) -> str:
    """One row: its value, or a difference with its interval.

    In:     method: "none" of the original. rest: snr_db=12, minus=retrained, where there are several rows.
    Errors: ValueError unless there is exactly one such row; ResultsError when the rows are missing.
    """
    wanted = dict(pair.split("=") for pair in rest)
    rows = [
        row
        for row in experiment_of(results / run, experiment).rows
        if (row.method, row.metric, row.set) == (method, metric, set_name)
        and row.minus == wanted.get("minus")
        and row.channel in ("awgn", "")
        and ("snr_db" not in wanted or row.snr_db == float(wanted["snr_db"]))
    ]
    (row,) = rows
    return with_interval(row, signed=True) if row.minus else cell(row)


def speed_of(results: Path, run: str, experiment: str, method: str) -> str:
    """How many times faster than retraining a method was, over the seeds. Errors: as `value`."""
    measured = experiment_of(results / run, experiment)
    (erased,) = (series for series in measured.erased if series.method == method)
    return speed(results / run, experiment, erased)


def ahead(results: Path, one: str, other: str, metric: str) -> str:
    """In how many points of the recorded sweeps one classical codec has a higher value than another, unseen records."""
    found: dict[tuple[str, str, float | None, str], dict[str, Row]] = {}
    for folder in sorted(results.glob("link-*")):
        for row in RunFolder.open(folder).rows():
            name, _, fields = row.codec.partition(",")
            if (row.metric, row.set, row.minus) == (metric, "test", None) and name in (one, other):
                found.setdefault((folder.name, row.channel, row.snr_db, fields), {})[name] = row
    pairs = [(rows[one].value, rows[other].value) for rows in found.values() if len(rows) == 2]
    return f"{sum(first > second for first, second in pairs)} of {len(pairs)} points"
