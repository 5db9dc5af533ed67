"""A whole experiment: train, erase, retrain, sweep, audit, and leave all that the report is drawn from."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

from semlink import __version__
from semlink.codecs import CODECS
from semlink.codecs.bundle import load_bundle
from semlink.errors import RecipeError
from semlink.experiments.workflow.auditing import build_audits
from semlink.experiments.workflow.bench import Bench, bench_of, claim, jobs_of, preparing, run_job
from semlink.experiments.workflow.entrants import Contender
from semlink.experiments.workflow.recipe import Component, NamedMethod, Recipe
from semlink.experiments.workflow.tasks import Task, run_tasks
from semlink.experiments.workflow.versions import Machine, erase_bundle, source_of, start_of, train_bundle
from semlink.files import write_whole
from semlink.simulator.results import Row, write_rows
from semlink.simulator.samples import make_samples, take_samples
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits.contract import AuditContext
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest, request_from

RETRAIN = Component(name="retrain")
SAMPLES = 3  # records of a set that the report shows
COST = {"seconds": "s", "steps": "steps", "samples": "records", "peak_memory_mib": "MiB"}


def run_experiments(recipes: Sequence[Recipe], out: Path, machine: Machine, workers: int, command: str) -> list[Row]:
    """Carries out recipes side by side over processes and writes everything below `out`; a stopped run goes on.

    Leaves bundles in `<experiment>/{original,erased,retrained}` (where there are several methods, each has a folder of
    its name instead of `erased`), `recipe.yaml`, `results.jsonl`, `samples.json` and `experiments.json`.

    Errors: RecipeError when `out` holds a run of other recipes.
    """
    names = [recipe.experiment for recipe in recipes]
    if len(set(names)) != len(names):
        raise RecipeError("Two recipes have the same experiment name; rename one with --set experiment=NAME.")
    plans = [_Plan(recipe, out / recipe.experiment, machine, out / ".parts") for recipe in recipes]
    tasks: dict[str, Task] = {}
    for plan in plans:
        tasks |= plan.making
    for plan in plans:
        tasks |= plan.measuring
    claim(out, yaml.safe_dump_all([yaml.safe_load(recipe.text()) for recipe in recipes], sort_keys=False))
    results = run_tasks(tasks, workers)
    rows: list[Row] = []
    samples: list[dict[str, Any]] = []
    facts: list[dict[str, Any]] = []
    for plan in plans:
        for name in plan.measuring:
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

    def __init__(self, recipe: Recipe, folder: Path, machine: Machine, parts: Path) -> None:
        self.recipe, self.machine = recipe, machine
        erasure, name = recipe.erasure, recipe.experiment
        original, shown = folder / "original", name
        if recipe.training is None:
            stored = start_of(recipe)
            original, shown = stored.folder, str(stored.card.get("experiment", recipe.start))
        self.request = None if erasure is None else request_from(erasure.request, f"the recipe {name}")
        methods = () if erasure is None else erasure.methods
        self.erased = {one.label: folder / (one.label if len(methods) > 1 else "erased") for one in methods}
        contenders = [Contender(original, shown)]
        contenders += [Contender(path, name, "erased", label) for label, path in self.erased.items()]
        self.retrained = {
            f"retrained{number}": f"{RETRAIN.name}{number}"
            for number in ("", *(f"-{count}" for count in range(2, 1 + (erasure.retrained if erasure else 0))))
        }
        if erasure is not None:
            contenders += [Contender(folder / own, name, "retrained", label) for own, label in self.retrained.items()]
        source = source_of(recipe, machine)
        self.bench = bench_of(
            name, contenders, source, self.request, recipe.sweep, recipe.seed, recipe.threads, machine.device, parts
        )
        self.making = self._making(original, methods)
        if _sends(recipe):
            self.making |= preparing(self.bench, source, tuple(self.making))
        self.measuring = self._measuring(parts)

    def _making(self, original: Path, methods: Sequence[NamedMethod]) -> dict[str, Task]:
        """Training, retraining and erasure; the longest first."""
        name = self.recipe.experiment
        train = Task(train_bundle, (self.recipe, original, self.machine))
        tasks = {f"{name}: original": train} if self.recipe.training is not None else {}
        todo: list[tuple[str, Component, Path, int]] = []
        if methods:
            seeds = range(self.recipe.seed, self.recipe.seed + len(self.retrained))
            folders = [original.parent / own for own in self.retrained]
            todo += [(path.name, RETRAIN, path, seed) for path, seed in zip(folders, seeds, strict=True)]
        todo += [(method.label, method, self.erased[method.label], self.recipe.seed) for method in methods]
        for version, method, path, seed in todo:
            arguments = (original, self.request, method, path, self.machine, seed)
            tasks[f"{name}: {version}"] = Task(erase_bundle, arguments, (f"{name}: original",))
        return tasks

    def _measuring(self, parts: Path) -> dict[str, Task]:
        """The jobs of the sweep, the times and samples, then the audits."""
        name, made = self.recipe.experiment, tuple(self.making)
        jobs = jobs_of(self.bench, parts) if _sends(self.recipe) else []
        tasks = {f"{name}: {job.channel} on {job.set_name}": Task(run_job, (job,), made) for job in jobs}
        tasks[f"{name}: times and samples"] = Task(_look, (self.recipe, self.bench), made)
        if self.recipe.erasure is not None:
            for audit in self.recipe.erasure.audits:
                arguments = (self.recipe, self.bench, audit, self.machine, self.request)
                tasks[f"{name}: {audit}"] = Task(_audit, arguments, made)
        return tasks

    def facts(self) -> dict[str, Any]:
        """What the report tells about this experiment beside its rows: the first method's certificate, then others'."""
        found: dict[str, Any] = {
            "experiment": self.recipe.experiment,
            "recipe": self.recipe.model_dump(mode="json"),
            "codec": load_bundle(self.bench.contenders[0].folder).card,
        }
        if self.request is not None:
            told = {
                label: json.loads((path / "erasure.json").read_text(encoding="utf-8"))
                for label, path in self.erased.items()
            }
            first, *others = told
            found["request"] = json.loads(self.request.text())
            found["erasure"] = told[first]
            found |= {"other_erasures": {label: told[label] for label in others}} if others else {}
        return found


def _sends(recipe: Recipe) -> bool:
    """Whether there is a link to sweep: a plain GAN is sent nothing, and audits alone look at it."""
    return "link" in CODECS[recipe.codec.name].traits


def _entries(bench: Bench) -> list[Entry]:
    """Every version as it stands in the sweep."""
    return [one.entry(bench.device) for one in bench.contenders]


def _cost(one: Contender) -> dict[str, float]:
    """What a version took: the seconds of its training or, as its certificate has it, all that its erasure took."""
    certificate = one.folder / "erasure.json"
    told = json.loads(certificate.read_text(encoding="utf-8")) if certificate.is_file() else {}
    facts = {"seconds": load_bundle(one.folder).card["seconds"], **told}
    return {name: float(facts[name]) for name in COST if name in facts}


def _look(recipe: Recipe, bench: Bench) -> dict[str, Any]:
    """Rows of what each version took, and the samples of an experiment."""
    torch.set_num_threads(recipe.threads)
    entries = _entries(bench)
    rows = [
        Row(
            experiment=recipe.experiment, codec=entry.name, version=entry.version, method=entry.method,
            channel=recipe.channel, snr_db=None, set="retain", metric=metric, value=value, low=value, high=value,
            confidence=1.0, n=1, unit=COST[metric], seed=recipe.seed, code_version=__version__, stopped="exact",
        )
        for one, entry in zip(bench.contenders, entries, strict=True)
        for metric, value in _cost(one).items()
    ]  # fmt: skip
    points = recipe.sweep.snr_db
    shown_at = list(dict.fromkeys((points[0], points[len(points) // 2], points[-1])))
    samples: list[dict[str, Any]] = []
    shown = [*entries, *filter(None, (one.entry(bench.device) for one in bench.classical))]
    for set_name, records in bench.sets.items():
        if not _sends(recipe):
            samples += make_samples(entries, records, set_name, SAMPLES, recipe.experiment, recipe.seed)
            continue
        for channel in recipe.sweep.channels:
            arguments = (
                shown,
                records,
                channel,
                set_name,
                shown_at,
                SAMPLES,
                recipe.experiment,
                recipe.seed,
                bench.labels,
            )
            samples += take_samples(*arguments)
    return {"rows": rows, "samples": samples}


def _audit(recipe: Recipe, bench: Bench, audit: str, machine: Machine, request: ErasureRequest) -> list[Row]:
    """Rows of one audit of all versions."""
    assert recipe.erasure is not None
    torch.set_num_threads(recipe.threads)
    partition = divide(source_of(recipe, machine), request)
    setting = AuditContext(recipe.experiment, recipe.channel, recipe.erasure.audit_snr_db, recipe.seed)
    return [row for built in build_audits([audit]) for row in built.run(_entries(bench), partition, setting)]
