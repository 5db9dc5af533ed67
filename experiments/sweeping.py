"""Sweeps of stored codecs, divided into jobs that any number of processes can share."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

from semlink import __version__
from semlink.codecs.bundle import load_bundle
from semlink.errors import RecipeError
from semlink.experiments.bundles import Machine, recipe_of, same_data, source_of
from semlink.experiments.recipe import SweepPlan
from semlink.experiments.tasks import Task, run_tasks
from semlink.files import check_room, write_whole
from semlink.simulator.metrics import metrics_for
from semlink.simulator.results import Row, read_rows, write_rows
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sweep import Entry, measure
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest

ROOM = 8 << 20  # bytes for the rows, figures and report of a run


@dataclass(frozen=True)
class Contender:
    """A stored codec under test, and what the rows call it."""

    folder: Path
    name: str
    version: str = "original"
    method: str = "none"


@dataclass(frozen=True)
class Bench:
    """Codecs, the sets of records they are tried on, and how.

    sets: name -> records. terms: words whose recovery is counted. threads: CPU threads of each process.
    """

    experiment: str
    contenders: tuple[Contender, ...]
    sets: Mapping[str, tuple[Record, ...]]
    terms: tuple[str, ...]
    plan: SweepPlan
    seed: int
    threads: int
    device: str


@dataclass(frozen=True)
class Job:
    """One channel and one set of a bench: small enough to spread, whole enough to encode each record once.

    parts: folder where finished jobs are kept, so that a stopped sweep goes on.
    """

    bench: Bench
    channel: str
    set_name: str
    parts: Path


def sets_of(source: Source, request: ErasureRequest | None) -> tuple[dict[str, tuple[Record, ...]], tuple[str, ...]]:
    """The sets that a sweep looks at, and the request's words: only `test` without a request."""
    if request is None:
        return {"test": tuple(source.test)}, ()
    partition = divide(source, request)
    sets = {"forget": partition.forget, "retain": partition.retain, "test": partition.test}
    return {name: tuple(records) for name, records in sets.items()}, partition.terms


def jobs_of(bench: Bench, parts: Path) -> list[Job]:
    """The jobs of a bench, in the order of its rows. Errors: RecipeError when a set has no records."""
    for name, records in bench.sets.items():
        if not records:
            raise RecipeError(f'The set "{name}" of {bench.experiment} has no records; choose another request.')
    return [Job(bench, channel, name, parts) for channel in bench.plan.channels for name in bench.sets]


def run_job(job: Job) -> list[Row]:
    """The rows of a job: read back where it was done before, else measured and kept. Errors: BundleError."""
    bench = job.bench
    torch.set_num_threads(bench.threads)
    bundles = [load_bundle(contender.folder) for contender in bench.contenders]
    records = bench.sets[job.set_name]
    facts = [
        __version__,
        bench.experiment,
        [
            (one.name, one.version, one.method, bundle.digest())
            for one, bundle in zip(bench.contenders, bundles, strict=True)
        ],
        [record.id for record in records],
        [bench.terms, job.channel, job.set_name, dataclasses.asdict(bench.plan.settings()), bench.seed, bench.device],
        bench.plan.sentence_model,
    ]
    part = job.parts / f"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]}.jsonl"
    if part.exists():
        return read_rows(part)
    entries = [
        Entry(bundle.codec.on(bench.device), one.name, one.version, one.method)
        for one, bundle in zip(bench.contenders, bundles, strict=True)
    ]
    metrics = metrics_for(entries[0].codec.modality, bench.terms, bench.plan.sentence_model)
    rows = measure(
        entries, records, job.channel, job.set_name, metrics, bench.plan.settings(), bench.experiment, bench.seed
    )
    write_rows(part, rows)
    return rows


def sweep_bundles(
    folders: Sequence[Path],
    plan: SweepPlan,
    request: ErasureRequest | None,
    out: Path,
    machine: Machine,
    seed: int | None,
    workers: int,
    command: str,
) -> list[Row]:
    """Sweeps stored codecs over the records that the first was trained for, into `out`; a stopped sweep goes on.

    Leaves `recipe.yaml`, `results.jsonl` and `experiments.json`. Errors: RecipeError, BundleError, ErasureError.
    """
    bundles = [load_bundle(folder) for folder in folders]
    recipe = recipe_of(bundles[0])
    source = source_of(recipe, machine)
    for bundle in bundles:
        if bundle.codec.modality != source.modality:
            raise RecipeError("Text and image codecs cannot stand in one sweep; sweep them into two folders.")
    same_data(bundles[0], source)
    sets, terms = sets_of(source, request)
    seed = recipe.seed if seed is None else seed
    experiment = out.name or "sweep"
    bench = Bench(experiment, tuple(contenders_of(folders)), sets, terms, plan, seed, recipe.threads, machine.device)
    settings = {"bundles": [f"{bundle.folder}@{bundle.digest()}" for bundle in bundles], "seed": seed}
    settings |= {"sweep": plan.model_dump(mode="json"), "request": request and json.loads(request.text())}
    jobs = {f"{job.channel} on {job.set_name}": Task(run_job, (job,)) for job in jobs_of(bench, out / ".parts")}
    claim(out, yaml.safe_dump(settings, sort_keys=False))
    results = run_tasks(jobs, workers)
    rows = [row for name in jobs for row in results[name]]
    write_rows(out / "results.jsonl", rows)
    facts = [{"experiment": experiment, "recipe": settings, "command": command, "codec": bundles[0].card}]
    write_whole(out / "experiments.json", json.dumps(facts, indent=1) + "\n")
    return rows


def claim(out: Path, recipe: str) -> None:
    """Makes `out` the folder of the run that `recipe` describes. Errors: RecipeError when it is another run's; OSError when
    there is no room for rows, figures and report.

    A run that has made nothing yet, since it failed at once, gives way to another.
    """
    path = out / "recipe.yaml"
    if out.exists() and not out.is_dir():
        raise RecipeError(f"{out} is a file; choose a folder for --out.")
    made = out.exists() and any(item != path for item in out.iterdir())
    if made and path.exists() and path.read_bytes() != recipe.encode():
        raise RecipeError(f"{out} holds a run with other settings; choose another --out, or remove that folder.")
    if made and not path.exists():
        raise RecipeError(f"{out} is not empty and holds no run of ours; choose another --out.")
    check_room(out, ROOM)
    write_whole(path, recipe)


def contenders_of(folders: Sequence[Path]) -> list[Contender]:
    """Stored codecs as their cards describe them; where two would have one name, their folders' names tell them apart."""
    cards = [load_bundle(folder).card for folder in folders]
    found = [
        Contender(folder, str(card.get("experiment", folder.name)), str(card.get("version", "original")), _method(card))
        for folder, card in zip(folders, cards, strict=True)
    ]
    marks = [(one.name, one.version, one.method) for one in found]
    if len(set(marks)) < len(marks):
        found = [dataclasses.replace(one, name=one.folder.name) for one in found]
    return found


def _method(card: Mapping[str, object]) -> str:
    method = card.get("method", "none")
    return str(method.get("name")) if isinstance(method, Mapping) else str(method)
