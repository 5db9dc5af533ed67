"""The files of a run that a report is drawn from, read once."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from semlink.errors import ResultsError
from semlink.experiments.report.formatting import seen
from semlink.experiments.report.measurements import Measurements, measurements_of
from semlink.experiments.report.samples import Sample, check_samples
from semlink.experiments.report.seeds import first_of_each
from semlink.experiments.workflow.hidden_requests import hidden
from semlink.experiments.workflow.run_folder import ERASED_SETS, METADATA, REQUESTS, ROWS, RUN, SAMPLES, RunFolder
from semlink.simulator.results import Row
from semlink.unlearning.request import is_summary, request_from

NAMES = ("codec", "version", "method", "channel", "set", "metric", "unit", "minus")  # in a row, shown in figures
DATA_FILES = {
    ROWS: "every number of this page, one row each with its interval",
    SAMPLES: "what was sent and what arrived, for all sampled records",
    RUN: "what the run does, with every default filled in; semlink run repeats it",
    METADATA: "codecs, requests and certificates",
}


def _request(planned: object, stored: object, show_erased: bool) -> Mapping[str, Any]:
    """What may be shown of a request, from the plan and from the metadata of a run; empty where there is none."""
    known = [request for request in (planned, stored) if isinstance(request, Mapping)]
    full = next((request for request in known if not is_summary(request)), None)
    if full is None:
        return stored if isinstance(stored, Mapping) else {}
    return full if show_erased else request_from(full, METADATA).summary()


def _erased_count(facts: Mapping[str, Any]) -> int | None:
    """How many records the certificates of an experiment say were erased; None where no method read any."""
    others = facts.get("other_erasures")
    certificates = [facts.get("erasure"), *(others.values() if isinstance(others, Mapping) else ())]
    counts = [certificate.get("forgotten_records") for certificate in certificates if isinstance(certificate, Mapping)]
    return next((count for count in counts if isinstance(count, int)), None)


@dataclass(frozen=True)
class RunFiles:
    """What the files of a run hold.

    rows: of all experiments. samples, descriptions: by experiment; by the name of a study over seeds those of one seed.
    erased_counts: experiment -> how many records its certificate says were erased.
    files: every data file that there is, as a page in the report's folder links to it -> what it holds.
    """

    rows: Sequence[Row]
    samples: Mapping[str, Sequence[Sample]]
    descriptions: Mapping[str, Mapping[str, Any]]
    erased_counts: Mapping[str, int]
    files: Mapping[str, str]

    @property
    def experiments(self) -> list[Measurements]:
        """The rows by experiment, runs of several seeds as one."""
        modalities = {experiment: samples[0].modality for experiment, samples in self.samples.items()}
        return measurements_of(self.rows, modalities, self.erased_counts)


def read_run(folder: Path, out: Path, show_erased: bool = False) -> RunFiles:
    """Reads a run.

    In:     folder: of the run; out: of the report. show_erased: whether samples of erased records and full requests are
            read too, where they are at hand.
    Errors: ResultsError when the folder holds no run, its rows are missing, or a file is damaged.
    """
    run = RunFolder.open(folder)
    rows, samples = run.rows(), check_samples(run.samples(), SAMPLES)
    if not rows:
        raise ResultsError(f"{folder / ROWS} holds no result rows; run the experiment again.")
    rows = list(map(_legible, rows))
    metadata = run.metadata()
    described: dict[str, Mapping[str, Any]] = {}
    for name in dict.fromkeys(row.experiment for row in rows):
        plan, facts = run.plan_of(name), metadata.get(name, {})
        planned = (plan.get("erasure") or plan).get("request")
        asked = _request(planned, facts.get("request"), show_erased)
        facts = {**facts, "request": asked} if asked else facts
        recipe = plan if show_erased else hidden(plan, {REQUESTS: planned})
        described[name] = {"command": run.command, "recipe": recipe, **facts}
    if not show_erased:
        samples = [sample for sample in samples if sample.set not in ERASED_SETS]
    # A study over seeds shows one seed, the first that has samples, or else the first that is described.
    shown = first_of_each(described) | first_of_each(sample.experiment for sample in samples)
    by_experiment: dict[str, list[Sample]] = {}
    for sample in samples:
        by_experiment.setdefault(sample.experiment, []).append(sample)
    return RunFiles(
        rows,
        by_experiment | {study: by_experiment[name] for study, name in shown.items() if name in by_experiment},
        described | {study: described[name] for study, name in shown.items() if name in described},
        {name: count for name in described if (count := _erased_count(metadata.get(name, {}))) is not None},
        {
            Path(os.path.relpath(folder / name, out)).as_posix(): content
            for name, content in DATA_FILES.items()
            if (folder / name).exists()
        },
    )


def _legible(row: Row) -> Row:
    """The row with names that a figure can show."""
    changed: dict[str, Any] = {
        name: seen(text) for name in NAMES if (text := getattr(row, name)) and seen(text) != text
    }
    return replace(row, **changed) if changed else row
