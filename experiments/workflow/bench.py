"""Sweeps of stored codecs, divided into jobs that any number of processes can share."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml

from semlink import __version__
from semlink.codecs.bundle import Bundle, load_bundle
from semlink.codecs.interop.sidecar import SIDECAR
from semlink.errors import CodecError, RecipeError
from semlink.experiments.workflow.entrants import (
    Classical,
    Contender,
    classical_contenders,
    exported_contender,
    is_export,
    measure_errors,
    measurements,
)
from semlink.experiments.workflow.recipe import Component, SweepPlan
from semlink.experiments.workflow.tasks import Task, run_tasks
from semlink.experiments.workflow.versions import Machine, recipe_of, same_data, source_of
from semlink.files import check_room, sha256_of, write_whole
from semlink.simulator.image_classifier import classifier_path, load_classifier, make_classifier
from semlink.simulator.metrics import metrics_for
from semlink.simulator.results import Row, read_rows, write_rows
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.subset import subset
from semlink.simulator.sources.trigger import Trigger
from semlink.simulator.sweep import measure
from semlink.unlearning.comparisons import compared_pairs
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest

ROOM = 8 << 20  # bytes for the rows, figures and report of a run


@dataclass(frozen=True)
class Bench:
    """Codecs, the sets of records they are tried on, and how.

    classical: codecs that stand beside them. sets: name -> records, no more than the plan wants. labels: the names of their
    classes. terms: words whose recovery is counted. trigger: what some records carry. judge: the file of the classifier that
    looks at what arrives, made before the first job. threads: CPU threads of each process.
    """

    experiment: str
    contenders: tuple[Contender, ...]
    classical: tuple[Classical, ...]
    sets: Mapping[str, tuple[Record, ...]]
    labels: tuple[str, ...]
    terms: tuple[str, ...]
    trigger: Trigger | None
    judge: Path | None
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


def bench_of(
    experiment: str,
    contenders: Sequence[Contender],
    source: Source,
    request: ErasureRequest | None,
    plan: SweepPlan,
    seed: int,
    threads: int,
    device: str,
    parts: Path,
) -> Bench:
    """A bench over the sets of a source: `test` and its probes; with a request, `forget` and `retain` too.

    Where the request names classes, unseen records of these are a set as well: `forget_test`.

    The plan's classical codecs stand beside the stored ones and take the channel uses of the first of them.
    parts: folder of finished jobs, where the judge lies as well.
    Errors: ErasureError, SourceError; UnknownName, WrongField.
    """
    partition = None if request is None else divide(source, request)
    sets: dict[str, Sequence[Record]] = {"test": source.test}
    if partition is not None:
        names = ("forget", "forget_test") if partition.labels and partition.forget_test else ("forget",)
        sets = {name: getattr(partition, name) for name in (*names, "retain", "test")}
    return Bench(
        experiment,
        tuple(contenders),
        classical_contenders(plan.beside, source, contenders[0].folder if contenders else None, parts),
        {name: tuple(subset(records, plan.records, seed)) for name, records in {**sets, **source.probes}.items()},
        source.labels,
        partition.terms if partition else (),
        source.trigger,
        classifier_path(source, parts) if plan.judge else None,
        plan,
        seed,
        threads,
        device,
    )


def preparing(bench: Bench, source: Source, after: tuple[str, ...] = ()) -> dict[str, Task]:
    """The tasks between making the stored codecs (`after`) and the first job of a bench.

    They make its judge, let compressors learn, and measure the block error rates that senders look up.
    """
    tasks: dict[str, Task] = {}
    if bench.judge is not None:
        tasks[f"{bench.experiment}: judge"] = Task(make_classifier, (source, bench.judge))
    for one in {one.learned: one for one in bench.classical if one.learned is not None}.values():
        tasks[f"{bench.experiment}: {one.name} learns"] = Task(one.learn, (source,), after)
    ready = (*after, *tasks)
    payloads = [record.payload for records in bench.sets.values() for record in records]
    calls = measurements(bench.classical, payloads, bench.plan.channels, bench.plan.snr_db)
    for name, arguments in calls.items():
        tasks[f"{bench.experiment}: {name}"] = Task(measure_errors, arguments, ready)
    return tasks


def jobs_of(bench: Bench, parts: Path) -> list[Job]:
    """The jobs of a bench, in the order of its rows. Errors: RecipeError when a set has no records."""
    for name, records in bench.sets.items():
        if not records:
            raise RecipeError(
                f'The set "{name}" of {bench.experiment} has no records; choose another request or source.'
            )
    return [Job(bench, channel, name, parts) for channel in bench.plan.channels for name in bench.sets]


def run_job(job: Job) -> list[Row]:
    """The rows of a job: read back where it was done before, else measured and kept. Errors: BundleError."""
    bench = job.bench
    torch.set_num_threads(bench.threads)
    records = bench.sets[job.set_name]
    facts = [
        __version__,
        bench.experiment,
        [(one.name, one.version, one.method, one.digest()) for one in bench.contenders],
        [record.id for record in records],
        [bench.terms, repr(bench.trigger), bench.judge and bench.judge.name],
        [job.channel, job.set_name, dataclasses.asdict(bench.plan.settings()), bench.seed, bench.device],
        bench.plan.sentence_model,
        [(one.name, one.digest()) for one in bench.classical],
    ]
    part = job.parts / f"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]}.jsonl"
    if part.exists():
        return read_rows(part)
    entries = [one.entry(bench.device) for one in bench.contenders]
    entries += filter(None, (one.entry(bench.device) for one in bench.classical))
    judge = load_classifier(bench.judge) if bench.judge else None
    metrics = metrics_for(entries[0].codec.delivers, bench.terms, bench.plan.sentence_model, bench.trigger, judge)
    rows = measure(
        entries, records, job.channel, job.set_name, metrics, bench.plan.settings(), bench.experiment, bench.seed,
        compared_pairs(entries),
    )  # fmt: skip
    rows += _limits(job)
    write_rows(part, rows)
    return rows


def _limits(job: Job) -> Iterator[Row]:
    """Where the classical codecs of a bench say that all records could arrive."""
    for one in job.bench.classical:
        found = one.limit(job.bench.sets[job.set_name], job.channel)
        if found is not None:
            yield Row(
                experiment=job.bench.experiment, codec=one.name, version="original", method="none", channel=job.channel,
                snr_db=None, set=job.set_name, metric="limit_snr_db", value=found.value, low=found.low,
                high=found.high, confidence=found.confidence, n=found.n, unit="dB", seed=job.bench.seed,
                code_version=__version__, stopped="limit",
            )  # fmt: skip


def sweep_bundles(
    folders: Sequence[Path],
    plan: SweepPlan,
    request: ErasureRequest | None,
    out: Path,
    machine: Machine,
    seed: int | None,
    workers: int,
    command: str,
    other: Component | None = None,
) -> list[Row]:
    """Sweeps stored codecs over test records, into `out`; a stopped sweep goes on.

    Leaves `recipe.yaml`, `results.jsonl` and `experiments.json`.

    In:     folders: of stored codecs, and of exports of some of these; with exports, all run on the CPU.
            other: the source of the records; by default that of the first codec's training.
    Errors: RecipeError, BundleError, CodecError, ErasureError, SourceError.
    """
    exports = [folder for folder in folders if is_export(folder)]
    stored = [folder for folder in folders if folder not in exports]
    bundles = [load_bundle(folder) for folder in stored]
    contenders = contenders_of(stored, exports)
    if len({bundle.codec.delivers for bundle in bundles}) > 1:
        raise RecipeError(
            "Codecs that deliver text, images and classes cannot stand in one sweep; sweep each kind into its own folder."
        )
    if bundles and bundles[0].codec.delivers == "class" and (plan.beside or plan.judge):
        raise RecipeError(
            "A codec that infers classes rebuilds nothing to compare or judge; leave out --beside and judge."
        )
    recipe = recipe_of(bundles[0]) if bundles else None
    if other is not None:
        if request is not None:
            raise RecipeError("A request is about records of the codec's training; leave out --request or --source.")
        source = build_source(other.name, other.fields, machine.data_dir)
    elif recipe is not None:
        source = source_of(recipe, machine)
        same_data(bundles[0], source)
    else:
        raise RecipeError("Without a stored codec there are no records to send; name some with --source.")
    for bundle in bundles:
        _check_fit(bundle, source)
    seed = (recipe.seed if recipe else 0) if seed is None else seed
    threads = recipe.threads if recipe else 1
    experiment, parts = out.name or "sweep", out / ".parts"
    device = "cpu" if exports else machine.device
    bench = bench_of(experiment, contenders, source, request, plan, seed, threads, device, parts)
    settings = {"bundles": [f"{bundle.folder.name}@{bundle.digest()}" for bundle in bundles], "seed": seed}
    if exports:
        settings["exports"] = [f"{export.name}@{sha256_of(export / SIDECAR)}" for export in exports]
    settings |= {"sweep": plan.model_dump(mode="json"), "request": request and json.loads(request.text())}
    if other is not None:
        settings |= {"source": {"name": source.name, "digest": source.digest()}}
    first = preparing(bench, source)
    jobs = {f"{job.channel} on {job.set_name}": Task(run_job, (job,), tuple(first)) for job in jobs_of(bench, parts)}
    claim(out, yaml.safe_dump(settings, sort_keys=False))
    results = run_tasks(first | jobs, workers)
    rows = [row for name in jobs for row in results[name]]
    write_rows(out / "results.jsonl", rows)
    facts = [
        {"experiment": experiment, "recipe": settings, "command": command}
        | ({"codec": bundles[0].card} if bundles else {})
    ]
    write_whole(out / "experiments.json", json.dumps(facts, indent=1) + "\n")
    return rows


def _check_fit(bundle: Bundle, source: Source) -> None:
    """Checks that a codec can send the test records of a source. Errors: RecipeError."""
    if "link" not in bundle.codec.traits:
        raise RecipeError(
            f"{bundle.folder} is sent nothing, so there is no link to sweep; look at it with: semlink audit."
        )
    kind = bundle.codec.modality
    if kind != source.modality:
        raise RecipeError(
            f"{bundle.folder} is a codec of {kind}, but the records of {source.name} are {source.modality}; choose "
            "another --source."
        )
    try:
        for shape in {np.shape(record.payload) for record in source.test}:
            bundle.codec.sized(shape)
    except CodecError as error:
        raise RecipeError(f"{bundle.folder} cannot send the records of {source.name}: {error}") from error


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


def contenders_of(folders: Sequence[Path], exports: Sequence[Path] = ()) -> list[Contender]:
    """Stored codecs as their cards describe them, then exports of some of these, with their formats behind the names; where
    several would be called alike, the names of their folders tell them apart.

    Errors: BundleError; RecipeError when an export is of none of the stored codecs.
    """
    cards = [load_bundle(folder).card for folder in folders]
    stored = [
        Contender(folder, str(card.get("experiment", folder.name)), str(card.get("version", "original")), _method(card))
        for folder, card in zip(folders, cards, strict=True)
    ]
    if not _distinct(stored):
        stored = [dataclasses.replace(one, name=one.folder.name) for one in stored]
    run = [exported_contender(export, stored) for export in exports]
    if not _distinct(run):
        run = [exported_contender(export, stored, export.name) for export in exports]
    return stored + run


def _distinct(contenders: Sequence[Contender]) -> bool:
    """Whether the rows tell them apart."""
    return len({(one.name, one.version, one.method) for one in contenders}) == len(contenders)


def _method(card: Mapping[str, object]) -> str:
    method = card.get("method", "none")
    return str(method.get("as", method.get("name"))) if isinstance(method, Mapping) else str(method)
