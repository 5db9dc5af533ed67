"""Whole experiments: train, erase, retrain, sweep, audit, and leave all that the report is drawn from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from semlink.codecs import STORED
from semlink.errors import RecipeError
from semlink.experiments.workflow.bench import Bench, Sets, sweep_tasks
from semlink.experiments.workflow.component import Component
from semlink.experiments.workflow.entrants import StoredCodec, certificates_of
from semlink.experiments.workflow.erasure import erase_bundle
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.plugin_use import plugins_of
from semlink.experiments.workflow.preparation import prepare
from semlink.experiments.workflow.recipe import ErasurePlan, Recipe
from semlink.experiments.workflow.run_folder import ERASED_SETS, RunFolder
from semlink.experiments.workflow.run_plan import ExperimentPlan
from semlink.experiments.workflow.tasks import Task, run_tasks
from semlink.experiments.workflow.training import start_of, train_bundle
from semlink.folder_lock import locked
from semlink.registry import build, parse
from semlink.simulator.results import Row
from semlink.simulator.samples import make_samples, take_samples
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.audits.contract import AuditContext
from semlink.unlearning.request import ErasureRequest, request_from
from semlink.version import __version__

RETRAIN = Component(name="retrain")
SAMPLES = 3  # records of a set that the report shows
COST = {"seconds": "s", "steps": "steps", "samples": "records", "peak_memory_mib": "MiB"}


@dataclass(frozen=True)
class Versions:
    """The codecs of an experiment, by what makes them.

    original: as it was trained or is stored. erased: by each method, in the order of the recipe. retrained: by seed.
    """

    original: StoredCodec
    erased: tuple[StoredCodec, ...] = ()
    retrained: tuple[StoredCodec, ...] = ()

    def all(self) -> tuple[StoredCodec, ...]:
        """All of them, in the order of the rows."""
        return (self.original, *self.erased, *self.retrained)


@dataclass(frozen=True)
class Experiment:
    """A recipe before work starts.

    making: the tasks of training, retraining and erasure, the longest first, then of what the sweep needs beforehand.
    measuring: the jobs of the sweep, the cost and samples, then the audits; their results are in the order of the rows.
    """

    recipe: Recipe
    request: ErasureRequest | None
    versions: Versions
    making: dict[str, Task]
    measuring: dict[str, Task]


@locked("out")
def run_experiments(
    plan: ExperimentPlan, out: Path, machine: Machine, command: str, show_erased: bool = False
) -> RunFolder:
    """Carries out recipes side by side over processes and writes everything below `out`; a stopped run goes on.

    Leaves bundles in `<experiment>/{original,erased,retrained}`; where there are several methods, each has a folder of
    its name instead of `erased`.

    In:     show_erased: whether samples of erased records are kept for the report.
    Errors: RecipeError when `out` holds a run of other recipes.
    """
    names = [recipe.experiment for recipe in plan.recipes]
    if len(set(names)) != len(names):
        raise RecipeError("Two recipes have the same experiment name; rename one with --set experiment=NAME.")
    experiments = [prepare_experiment(recipe, out, machine, show_erased) for recipe in plan.recipes]
    folder = RunFolder.reserve(out, plan, command, machine.device, plugins_of(plan))
    making = {name: task for experiment in experiments for name, task in experiment.making.items()}
    measuring = {name: task for experiment in experiments for name, task in experiment.measuring.items()}
    results = run_tasks(making | measuring, machine.workers)
    outcomes = [results[name] for name in measuring]
    folder.write(
        [row for outcome in outcomes for row in (outcome.rows if isinstance(outcome, Look) else outcome)],
        [sample for outcome in outcomes if isinstance(outcome, Look) for sample in outcome.samples],
        {experiment.recipe.experiment: _metadata(experiment) for experiment in experiments},
    )
    return folder


def prepare_experiment(recipe: Recipe, out: Path, machine: Machine, show_erased: bool = False) -> Experiment:
    """Everything of a recipe that is known before its first codec is trained. Errors: those of a wrong recipe."""
    name, erasure = recipe.experiment, recipe.erasure
    request = None if erasure is None else request_from(erasure.request, f"the recipe {name}")
    versions, link = versions_of(recipe, out / name), _sends(recipe)
    making = making_tasks(recipe, request, versions, machine)
    prepared = prepare(recipe, request, machine)
    sweep = sweep_tasks(
        name, versions.all(), prepared, recipe.sweep, machine.device, out / ".parts", versions.original.folder,
        after=tuple(making), link=link,
    )  # fmt: skip
    making |= sweep.preparing
    made = tuple(making)
    shown = sweep.sets if show_erased else {name: sweep.sets[name] for name in sweep.sets if name not in ERASED_SETS}
    looked_at = (recipe, versions, sweep.bench, shown, () if show_erased else sweep.bench.terms)
    measuring = {**sweep.jobs, f"{name}: cost and samples": Task(cost_and_samples, looked_at, made)}
    for audit in erasure.audits if erasure else ():
        measuring[f"{name}: {audit}"] = Task(run_audit, (recipe, request, versions, machine, audit), made)
    return Experiment(recipe, request, versions, making, measuring)


def versions_of(recipe: Recipe, folder: Path) -> Versions:
    """Where the codecs of a recipe are, or will be, and what rows call them."""
    name = recipe.experiment
    original = StoredCodec(folder / "original", name)
    if recipe.training is None:
        stored = start_of(recipe)
        original = StoredCodec(stored.folder, str(stored.card.get("experiment", recipe.start)))
    if recipe.erasure is None:
        return Versions(original)
    after = (*_erased(recipe.erasure, name, folder), *_retrained(recipe.erasure, name, folder))
    erased, retrained = (
        tuple(replace(codec, vocabulary=original.folder) for codec in after if codec.version == version)
        for version in ("erased", "retrained")
    )
    return Versions(original, erased, retrained)


def making_tasks(
    recipe: Recipe, request: ErasureRequest | None, versions: Versions, machine: Machine
) -> dict[str, Task]:
    """Training, retraining and erasure, the longest first."""
    name, original = recipe.experiment, versions.original.folder
    making: dict[str, Task] = {}
    if recipe.training is not None:
        making[f"{name}: original"] = Task(train_bundle, (recipe, original, machine))
    if recipe.erasure is not None:
        todo: list[tuple[str, Component, StoredCodec, int]] = [
            (codec.folder.name, RETRAIN, codec, recipe.seed + number) for number, codec in enumerate(versions.retrained)
        ]
        methods = zip(recipe.erasure.methods, versions.erased, strict=True)
        todo += [(method.label, method, codec, recipe.seed) for method, codec in methods]
        for label, method, codec, seed in todo:
            arguments = (original, request, method, codec.folder, machine, seed)
            making[f"{name}: {label}"] = Task(erase_bundle, arguments, (f"{name}: original",))
    return making


@dataclass(frozen=True)
class Look:
    """What a look at the finished codecs gives beside the sweep."""

    rows: list[Row]
    samples: list[dict[str, Any]]


def cost_and_samples(
    recipe: Recipe, versions: Versions, bench: Bench, sets: Sets, hidden_terms: tuple[str, ...] = ()
) -> Look:
    """Rows of what each version took, and samples of what arrives, but none in which one of some words arrives."""
    torch.set_num_threads(recipe.threads)
    rows = [
        Row(
            experiment=recipe.experiment, codec=codec.name, version=codec.version, method=codec.method,
            channel=recipe.channel, snr_db=None, set="retain", metric=metric, value=value, low=value, high=value,
            confidence=1.0, n=1, unit=COST[metric], seed=recipe.seed, code_version=__version__, stopped="exact",
        )
        for codec in versions.all()
        for metric, value in _cost(codec).items()
    ]  # fmt: skip
    points = recipe.sweep.snr_db
    shown_at = list(dict.fromkeys((points[0], points[len(points) // 2], points[-1])))
    entries = [codec.entry(bench.device) for codec in versions.all()]
    shown = [*entries, *filter(None, (spec.entry(bench.device) for spec in bench.baselines))]
    samples: list[dict[str, Any]] = []
    for name, records in sets.items():
        if not _sends(recipe):
            samples += make_samples(entries, records, name, SAMPLES, recipe.experiment, recipe.seed)
            continue
        for channel in recipe.sweep.channels:
            samples += take_samples(
                shown, records, channel, name, shown_at, SAMPLES, recipe.experiment, recipe.seed, bench.labels
            )
    return Look(rows, [sample for sample in samples if not _spoken(hidden_terms, sample["estimates"].values())])


def run_audit(recipe: Recipe, request: ErasureRequest, versions: Versions, machine: Machine, audit: str) -> list[Row]:
    """Rows of one audit of all versions."""
    partition = prepare(recipe, request, machine).partition
    assert recipe.erasure is not None
    assert partition is not None
    torch.set_num_threads(recipe.threads)
    context = AuditContext(recipe.experiment, recipe.channel, recipe.erasure.audit_snr_db, recipe.seed)
    entries = [codec.entry(machine.device) for codec in versions.all()]
    return build("audit", AUDITS, *parse(audit)).run(entries, partition, context)


def _spoken(terms: Sequence[str], estimates: Iterable[Any]) -> bool:
    """Whether a text among what arrived holds one of some words in lower case."""
    texts = [estimate.casefold() for estimate in estimates if isinstance(estimate, str)]
    return any(term in text for term in terms for text in texts)


def _sends(recipe: Recipe) -> bool:
    """Whether there is a link to sweep: a plain GAN is sent nothing, and audits alone look at it."""
    return "link" in STORED[recipe.codec.name].traits


def _erased(erasure: ErasurePlan, name: str, folder: Path) -> tuple[StoredCodec, ...]:
    several = len(erasure.methods) > 1
    return tuple(
        StoredCodec(folder / (method.label if several else "erased"), name, "erased", method.label)
        for method in erasure.methods
    )


def _retrained(erasure: ErasurePlan, name: str, folder: Path) -> tuple[StoredCodec, ...]:
    numbers = ("", *(f"-{count}" for count in range(2, 1 + erasure.retrained)))
    return tuple(
        StoredCodec(folder / f"retrained{number}", name, "retrained", f"{RETRAIN.name}{number}") for number in numbers
    )


def _cost(codec: StoredCodec) -> dict[str, float]:
    """What a version took: the seconds of its training or, as its certificate has it, all that its erasure took."""
    facts = {"seconds": codec.card["seconds"], **codec.certificate}
    return {name: float(facts[name]) for name in COST if name in facts}


def _metadata(experiment: Experiment) -> Mapping[str, Any]:
    """What the report says about an experiment beside its rows: the first method's certificate, then others'."""
    metadata: dict[str, Any] = {"codec": dict(experiment.versions.original.card)}
    if experiment.request is not None:
        metadata |= certificates_of(experiment.versions.erased)
        metadata["request"] = experiment.request.summary()
    return metadata
