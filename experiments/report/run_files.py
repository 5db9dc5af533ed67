"""The files of a run that a report is drawn from, read once."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semlink.errors import ResultsError
from semlink.experiments.report.samples import Sample, check_samples
from semlink.experiments.report.seeds import first_of_each
from semlink.simulator.results import Row, read_rows

DATA_FILES = {
    "results.jsonl": "every number of this page, one row each with its interval",
    "samples.json": "what was sent and what arrived, for all sampled records",
    "experiments.json": "recipes, requests and certificates",
    "recipe.yaml": "the recipe as it was resolved",
}


@dataclass(frozen=True)
class RunFiles:
    """What the files of a run hold.

    rows: of all experiments. samples, descriptions: by experiment; by the name of a study over seeds those of one seed.
    files: every data file that there is, as a page in the report's folder links to it -> what it holds.
    """

    rows: Sequence[Row]
    samples: Mapping[str, Sequence[Sample]]
    descriptions: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, str]

    @property
    def modalities(self) -> dict[str, str]:
        """What the records of each sampled experiment are: "text", "image" or "class"."""
        return {experiment: samples[0].modality for experiment, samples in self.samples.items()}


def read_run(folder: Path, out: Path) -> RunFiles:
    """Reads a run.

    In:     folder: of the run. out: of the report.
    Errors: ResultsError for missing rows or damaged files.
    """
    rows, described, samples = read_run_rows(folder), read_descriptions(folder), read_samples(folder)
    # A study over seeds shows one seed, the first that has samples, or else the first that is described.
    shown = first_of_each(described) | first_of_each(sample.experiment for sample in samples)
    by_experiment: dict[str, list[Sample]] = {}
    for sample in samples:
        by_experiment.setdefault(sample.experiment, []).append(sample)
    return RunFiles(
        rows,
        by_experiment | {study: by_experiment[name] for study, name in shown.items() if name in by_experiment},
        described | {study: described[name] for study, name in shown.items() if name in described},
        {
            Path(os.path.relpath(folder / name, out)).as_posix(): content
            for name, content in DATA_FILES.items()
            if (folder / name).exists()
        },
    )


def read_run_rows(folder: Path) -> list[Row]:
    """The result rows of a run. Errors: ResultsError when the file is missing, damaged or empty."""
    path = folder / "results.jsonl"
    rows = read_rows(path)
    if not rows:
        raise ResultsError(f"{path} holds no result rows; run the experiment again.")
    return rows


def read_samples(folder: Path) -> list[Sample]:
    """What was sent and what arrived; empty where the run took no samples. Errors: ResultsError for a damaged file."""
    return check_samples(_read_json(folder / "samples.json"), "samples.json")


def read_descriptions(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Experiment -> its command, recipe, request, certificate and codec. Errors: ResultsError for a damaged file."""
    content = _read_json(folder / "experiments.json")
    described: dict[str, Mapping[str, Any]] = {}
    for entry in content if isinstance(content, list) else [content]:
        if not (isinstance(entry, Mapping) and isinstance(entry.get("experiment"), str)):
            raise ResultsError("experiments.json is not a list of experiments; remove it or run the experiment again.")
        described[entry["experiment"]] = entry
    return described


def _read_json(path: Path) -> object:
    """The content of a JSON file, an empty list where there is none. Errors: ResultsError when it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise ResultsError(f"{path} is damaged; remove it or run the experiment again.") from error
