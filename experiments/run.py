"""A whole experiment: train, erase, retrain, sweep, audit, and leave all that the report is drawn from."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

from semlink import __version__
from semlink.codecs.bundle import load_bundle
from semlink.errors import RecipeError
from semlink.experiments.auditing import build_audits
from semlink.experiments.bundles import Machine, erase_bundle, source_of, train_bundle
from semlink.experiments.recipe import Component, Recipe
from semlink.experiments.sweeping import Bench, Contender, claim, jobs_of, run_job, sets_of
from semlink.experiments.tasks import Task, run_tasks
from semlink.files import write_whole
from semlink.simulator.results import Row, write_rows
from semlink.simulator.samples import take_samples
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits import Setting
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest, request_from

RETRAIN = Component(name="retrain")
SAMPLES = 3  # records of a set that the report shows


def run_experiments(recipes: Sequence[Recipe], out: Path, machine: Machine, workers: int, command: str) -> list[Row]:
    """Carries out recipes side by side over processes and writes everything below `out`; a stopped run goes on.

    Leaves `<experiment>/{original,erased,retrained}` bundles, `recipe.yaml`, `results.jsonl`, `samples.json` and
    `experiments.json`. Errors: RecipeError when `out` holds a run of other recipes.
    """
    names = [recipe.experiment for recipe in recipes]
    if len(set(names)) != len(names):
        raise RecipeError("Two recipes have the same experiment name; rename one with --set experiment=NAME.")
    plans = {recipe.experiment: _Plan(recipe, out / recipe.experiment, machine) for recipe in recipes}
    tasks: dict[str, Task] = {}
    for plan in plans.values():
        tasks |= plan.making()
    for plan in plans.values():
        tasks |= plan.measuring(out / ".parts")
    claim(out, yaml.safe_dump_all([yaml.safe_load(recipe.text()) for recipe in recipes], sort_keys=False))
    results = run_tasks(tasks, workers)
    rows: list[Row] = []
    samples: list[dict[str, Any]] = []
    facts: list[dict[str, Any]] = []
    for plan in plans.values():
        for name in plan.measuring(out / ".parts"):
            found = results[name]
            rows += found["rows"] if isinstance(found, dict) else found
            samples += found["samples"] if isinstance(found, dict) else []
        facts.append({**plan.facts(), "command": command})
    write_rows(out / "results.jsonl", rows)
    write_whole(out / "samples.json", json.dumps(samples) + "\n")
    write_whole(out / "experiments.json", json.dumps(facts, indent=1) + "\n")
    return rows


class _Plan:
    """The tasks of one recipe and the names by which they wait for each other."""

    def __init__(self, recipe: Recipe, folder: Path, machine: Machine) -> None:
        self.recipe, self.folder, self.machine = recipe, folder, machine
        self.request: ErasureRequest | None = None
        methods = {"original": "none"}
        if recipe.erasure is not None:
            self.request = request_from(recipe.erasure.request, f"the recipe {recipe.experiment}")
            methods |= {"erased": recipe.erasure.method.name, "retrained": RETRAIN.name}
        sets, terms = sets_of(source_of(recipe, machine), self.request)
        contenders = [
            Contender(folder / version, recipe.experiment, version, name) for version, name in methods.items()
        ]
        self.bench = Bench(
            recipe.experiment, tuple(contenders), sets, terms, recipe.sweep, recipe.seed, recipe.threads, machine.device
        )

    def making(self) -> dict[str, Task]:
        """Training, retraining and erasure; the longest first."""
        name, original = self.recipe.experiment, self.folder / "original"
        tasks = {f"{name}: original": Task(train_bundle, (self.recipe, original, self.machine))}
        if self.recipe.erasure is not None:
            for version, method in (("retrained", RETRAIN), ("erased", self.recipe.erasure.method)):
                arguments = (original, self.request, method, self.folder / version, self.machine)
                tasks[f"{name}: {version}"] = Task(erase_bundle, arguments, (f"{name}: original",))
        return tasks

    def measuring(self, parts: Path) -> dict[str, Task]:
        """The jobs of the sweep, then the audits and the samples."""
        name, made = self.recipe.experiment, tuple(self.making())
        tasks = {
            f"{name}: {job.channel} on {job.set_name}": Task(run_job, (job,), made)
            for job in jobs_of(self.bench, parts)
        }
        tasks[f"{name}: audits and samples"] = Task(_look, (self.recipe, self.bench, self.machine, self.request), made)
        return tasks

    def facts(self) -> dict[str, Any]:
        """What the report tells about this experiment beside its rows."""
        found: dict[str, Any] = {
            "experiment": self.recipe.experiment,
            "recipe": self.recipe.model_dump(mode="json"),
            "codec": load_bundle(self.folder / "original").card,
        }
        if self.request is not None:
            found["request"] = json.loads(self.request.text())
            found["erasure"] = json.loads((self.folder / "erased" / "erasure.json").read_text(encoding="utf-8"))
        return found


def _look(recipe: Recipe, bench: Bench, machine: Machine, request: ErasureRequest | None) -> dict[str, Any]:
    """Audit rows, the seconds that each version took, and the samples of an experiment."""
    torch.set_num_threads(recipe.threads)
    bundles = {one.version: load_bundle(one.folder) for one in bench.contenders}
    entries = [
        Entry(bundles[one.version].codec.on(machine.device), one.name, one.version, one.method)
        for one in bench.contenders
    ]
    rows = [
        Row(
            experiment=recipe.experiment, codec=entry.name, version=entry.version, method=entry.method,
            channel=recipe.channel, snr_db=None, set="retain", metric="seconds", value=seconds, low=seconds,
            high=seconds, confidence=1.0, n=1, unit="s", seed=recipe.seed, code_version=__version__, stopped="exact",
        )
        for entry in entries
        for seconds in [float(bundles[entry.version].card["seconds"])]
    ]  # fmt: skip
    points = recipe.sweep.snr_db
    shown_at = list(dict.fromkeys((points[0], points[len(points) // 2], points[-1])))
    samples: list[dict[str, Any]] = []
    for set_name, records in bench.sets.items():
        for channel in recipe.sweep.channels:
            arguments = (entries, records, channel, set_name, shown_at, SAMPLES, recipe.experiment, recipe.seed)
            samples += take_samples(*arguments)
    if recipe.erasure is not None and request is not None:
        partition = divide(source_of(recipe, machine), request)
        setting = Setting(recipe.experiment, recipe.channel, recipe.erasure.audit_snr_db, recipe.seed)
        for audit in build_audits(recipe.erasure.audits):
            rows += audit.run(entries, partition, setting)
    return {"rows": rows, "samples": samples}
