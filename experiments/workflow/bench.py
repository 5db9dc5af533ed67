"""A sweep of several codecs, divided into jobs that any number of processes can share."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from semlink.channels import CHANNELS
from semlink.errors import RecipeError
from semlink.experiments.workflow.classical import ClassicalSpec, classical_specs, error_measurements
from semlink.experiments.workflow.entrants import Entrant
from semlink.experiments.workflow.preparation import Preparation
from semlink.experiments.workflow.recipe import SweepPlan
from semlink.experiments.workflow.tasks import Task
from semlink.registry import parse
from semlink.simulator.image_classifier import classifier_path, load_classifier, make_classifier
from semlink.simulator.kept_statistics import KeptStatistics
from semlink.simulator.metrics import METRICS, metrics_for
from semlink.simulator.results import Row, read_rows, write_rows
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sources.trigger import Trigger
from semlink.simulator.sweep import measure
from semlink.unlearning.comparisons import compared_pairs
from semlink.version import __version__


@dataclass(frozen=True)
class Bench:
    """Codecs under test, and how they are measured.

    baselines: classical codecs beside them. labels: names of the classes of the records. terms: words whose recovery is
    counted. trigger: what some records carry. classifier: file of the image classifier, made before the first job.
    parts: folder of finished jobs, so that a stopped sweep goes on. threads: CPU threads of each process.
    """

    experiment: str
    entrants: tuple[Entrant, ...]
    baselines: tuple[ClassicalSpec, ...]
    labels: tuple[str, ...]
    terms: tuple[str, ...]
    trigger: Trigger | None
    classifier: Path | None
    plan: SweepPlan
    seed: int
    threads: int
    device: str
    parts: Path


@dataclass(frozen=True)
class Job:
    """One channel and one set of records: small enough to spread, whole enough to encode each record once."""

    bench: Bench
    channel: str
    set_name: str
    records: tuple[Record, ...]


Sets = Mapping[str, tuple[Record, ...]]


@dataclass(frozen=True)
class SweepTasks:
    """A bench, its sets of records, the tasks that its jobs need first, and the jobs, in the order of the rows."""

    bench: Bench
    sets: Sets
    preparing: dict[str, Task]
    jobs: dict[str, Task]


def sweep_tasks(
    experiment: str,
    entrants: Sequence[Entrant],
    prepared: Preparation,
    plan: SweepPlan,
    device: str,
    parts: Path,
    like: Path | None = None,
    after: tuple[str, ...] = (),
    link: bool = True,
) -> SweepTasks:
    """Everything of a sweep that is known before its codecs are there.

    First an image classifier is made, compressors learn, and the block error rates that senders look up are measured.
    In:     like: the stored codec whose channel uses the plan's classical codecs take. after: the tasks that make the
            stored codecs. link: whether codecs send something; without a link there are no tasks.
    Errors: UnknownName, WrongField; RecipeError when a set has no records, or a codec is for another kind of data.
    """
    sets = _sets_of(prepared, plan)
    for name, records in sets.items():
        if link and not records:
            raise RecipeError(
                f'The set "{name}" of {experiment} has no records; choose another request, or a source that has some.'
            )
    source, partition = prepared.source, prepared.partition
    learned_from = source  # less what a request matches: compressors that learn are kept as files
    if partition is not None:
        learned_from = dataclasses.replace(source, train=partition.retain, validation=partition.validation)
    specs = classical_specs(plan.baselines, learned_from, like, parts)
    payloads = [record.payload for records in sets.values() for record in records]
    measured = error_measurements(specs, payloads, plan.channels, plan.snr_db)
    bench = Bench(
        experiment=experiment,
        entrants=tuple(entrants),
        baselines=specs,
        labels=source.labels,
        terms=partition.terms if partition else (),
        trigger=source.trigger,
        classifier=classifier_path(source, parts) if plan.image_classifier else None,
        plan=plan,
        seed=prepared.seed,
        threads=prepared.threads,
        device=device,
        parts=parts,
    )
    if not link:
        return SweepTasks(bench, sets, {}, {})
    preparing: dict[str, Task] = {}
    if bench.classifier is not None:
        preparing[f"{experiment}: image classifier"] = Task(make_classifier, (source, bench.classifier))
    for spec in {spec.learned: spec for spec in specs if spec.learned is not None}.values():
        preparing[f"{experiment}: {spec.name} learns"] = Task(spec.learn, (learned_from,), after)
    ready = (*after, *preparing)
    for name, (spec, *arguments) in measured.items():
        preparing[f"{experiment}: {name}"] = Task(spec.measure_errors, tuple(arguments), ready)
    before = (*after, *preparing)
    jobs = {
        f"{experiment}: {channel} on {name}": Task(run_job, (Job(bench, channel, name, records),), before)
        for channel in plan.channels
        for name, records in sets.items()
    }
    return SweepTasks(bench, sets, preparing, jobs)


def _sets_of(prepared: Preparation, plan: SweepPlan) -> Sets:
    """The sets of records of a sweep: `test` and the source's probes; with a request, `forget` and `retain` too.

    Where the request names classes, unseen records of these are a set as well: `forget_test`.
    """
    partition, source = prepared.partition, prepared.source
    sets: dict[str, Sequence[Record]] = {"test": source.test}
    if partition is not None:
        names = ["forget"] if partition.forget else []  # else the owner of the data deleted what was erased
        names += ["forget_test"] if partition.labels and partition.forget_test else []
        sets = {name: getattr(partition, name) for name in (*names, "retain", "test")}
    sets |= source.probes
    return {name: tuple(subset(records, plan.records, prepared.seed)) for name, records in sets.items()}


def run_job(job: Job) -> list[Row]:
    """The rows of a job: read back where it was done before, else measured and kept. Errors: BundleError.

    A job that was stopped goes on where it was, but for a few seconds.
    """
    bench = job.bench
    torch.set_num_threads(bench.threads)
    name = hashlib.sha256(json.dumps(_identity(job)).encode()).hexdigest()[:24]
    part, kept = bench.parts / f"{name}.jsonl", KeptStatistics(bench.parts / f"{name}.unfinished")
    if part.exists():
        kept.remove()
        return read_rows(part)
    entries = [entrant.entry(bench.device) for entrant in bench.entrants]
    entries += filter(None, (spec.entry(bench.device) for spec in bench.baselines))
    classifier = load_classifier(bench.classifier) if bench.classifier else None
    metrics = metrics_for(entries[0].codec.delivers, bench.terms, bench.plan.sentence_model, bench.trigger, classifier)
    rows = measure(
        entries, job.records, job.channel, job.set_name, metrics, bench.plan.settings(), bench.experiment, bench.seed,
        compared_pairs(entries), kept,
    )  # fmt: skip
    rows += _limits(job)
    write_rows(part, rows)
    kept.remove()
    return rows


def _identity(job: Job) -> list[Any]:
    """All that the rows of a job depend on, as plain data."""
    bench = job.bench
    return [
        __version__,
        bench.experiment,
        [(entrant.name, entrant.version, entrant.method, entrant.digest()) for entrant in bench.entrants],
        [record.id for record in job.records],
        [bench.terms, repr(bench.trigger), bench.classifier and bench.classifier.name],
        [job.channel, job.set_name, dataclasses.asdict(bench.plan.settings()), bench.seed, bench.device],
        bench.plan.sentence_model,
        [(spec.name, spec.digest()) for spec in bench.baselines],
        *_plugin_digests(job.channel),
    ]


def _plugin_digests(channel: str) -> list[str]:
    """Of what changes the rows of a job and is not semlink's own, beside the codecs."""
    found = [CHANNELS.plugin(parse(channel)[0]), *(METRICS.plugin(name) for name in METRICS.usable())]
    return [plugin.digest for plugin in found if plugin is not None]


def _limits(job: Job) -> Iterator[Row]:
    """Where the classical codecs of a bench say that all records could arrive."""
    for spec in job.bench.baselines:
        limit = spec.limit(job.records, job.channel)
        if limit is not None:
            yield Row(
                experiment=job.bench.experiment, codec=spec.name, version="original", method="none",
                channel=job.channel, snr_db=None, set=job.set_name, metric="limit_snr_db", value=limit.value,
                low=limit.low, high=limit.high, confidence=limit.confidence, n=limit.n, unit="dB", seed=job.bench.seed,
                code_version=__version__, stopped="limit",
            )  # fmt: skip
