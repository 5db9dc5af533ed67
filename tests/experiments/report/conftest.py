"""Run folders with invented rows."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from semlink.experiments.workflow.recipe_file import recipe_from
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.experiments.workflow.run_plan import ExperimentPlan
from semlink.simulator.results import Row

RECIPES = [
    {"experiment": "text-python-docs", "source": "python-docs", "codec": "text", "training": {"steps": 900}},
    {"experiment": "image-digits", "source": "digits", "codec": "image", "training": {"steps": 900}},
]


def _store(
    folder: Path,
    rows: Sequence[Row],
    samples: Sequence[Mapping[str, Any]] = (),
    metadata: Mapping[str, Mapping[str, Any]] | None = None,
    command: str = "semlink quickstart --out runs/demo",
) -> Path:
    plan = ExperimentPlan(recipes=tuple(recipe_from(recipe, "a test") for recipe in RECIPES))
    RunFolder.reserve(folder, plan, command).write(rows, samples, metadata)
    return folder


@pytest.fixture(scope="session")
def store_run() -> Callable[..., Path]:
    """`store_run(folder, rows, samples, metadata, command)` makes a run folder and returns it."""
    return _store
