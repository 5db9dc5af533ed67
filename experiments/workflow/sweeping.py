"""Sweeps stored codecs, exports of these and classical codecs over test records."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from semlink.codecs.bundle import Bundle
from semlink.errors import CodecError, RecipeError
from semlink.experiments.workflow.bench import sweep_tasks
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.experiments.workflow.component import Component
from semlink.experiments.workflow.entrants import (
    StoredCodec,
    around,
    certificates_of,
    distinct,
    is_export,
    stored_codec,
)
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.plugin_use import plugins_of
from semlink.experiments.workflow.preparation import Preparation, check_carried, prepare_stored
from semlink.experiments.workflow.recipe import SweepPlan
from semlink.experiments.workflow.references import found, reference_of
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.experiments.workflow.run_plan import CodecSweepPlan
from semlink.experiments.workflow.source_places import absolute
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.experiments.workflow.tasks import run_tasks
from semlink.experiments.workflow.training_records import chain_of, less_erased
from semlink.folder_lock import locked
from semlink.progress import tell
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Source
from semlink.simulator.sources.picture import as_measured
from semlink.unlearning.request import ErasureRequest, request_from


def sweep_plan(
    codecs: Sequence[str | Path],
    sweep: SweepPlan,
    request: ErasureRequest | None = None,
    source: Component | None = None,
    seed: int | None = None,
) -> CodecSweepPlan:
    """The plan of a sweep over codecs that are there now.

    In:     codecs: folders or names of stored codecs, and folders of exports. source: other test records than those of
            the first codec's training. seed: None: that of the first codec's training.
    Errors: BundleError, RecipeError.
    """
    folders = [find_bundle(name) for name in codecs]
    exports = [folder for folder in folders if is_export(folder)]
    stored = [folder for folder in folders if folder not in exports]
    if source is not None and request is not None:
        raise RecipeError("A request is about records of the codec's training; leave out --request or --source.")
    if exports and not stored:
        raise RecipeError(
            f"{exports[0]} is the export of a codec that is not in this sweep; name the bundle that it was made of too."
        )
    if not stored and source is None:
        raise RecipeError("Without a stored codec there are no records to send; name some with --source.")
    if seed is None:
        seed = int(stored_bundle(stored[0]).card.get("seed", 0)) if stored else 0
    return CodecSweepPlan(
        codecs=tuple(reference_of(folder) for folder in stored),
        exports=tuple(reference_of(folder) for folder in exports),
        sweep=sweep,
        request=None if request is None else json.loads(request.text()),
        source=None if source is None else absolute(source, Path()),
        seed=seed,
    )


@locked("out")
def run_sweep(plan: CodecSweepPlan, out: Path, machine: Machine, command: str) -> RunFolder:
    """Carries out a sweep into the folder `out`; a stopped one goes on. With exports, all codecs run on the CPU.

    Errors: RecipeError, BundleError, CodecError, ErasureError, SourceError.
    """
    request = None if plan.request is None else request_from(plan.request, "the sweep")
    stored = around([stored_codec(found(reference)) for reference in plan.codecs], request)
    exports = [found(reference) for reference in plan.exports]
    entrants = distinct(stored, exports)
    prepared = _prepared(plan, stored, request, machine)
    check_codecs([stored_bundle(codec.folder) for codec in stored], prepared.source, plan.sweep)
    plan = _with_digest(plan, prepared.source)
    experiment, device = out.name or "sweep", "cpu" if exports else machine.device
    like = stored[0].folder if stored else None
    tasks = sweep_tasks(experiment, entrants, prepared, plan.sweep, device, out / ".parts", like)
    folder = RunFolder.reserve(out, plan, command, device, plugins_of(plan))
    results = run_tasks(tasks.preparing | tasks.jobs, machine.workers)
    rows = [row for name in tasks.jobs for row in results[name]]
    metadata: dict[str, Any] = {"codec": dict(stored[0].card)} if stored else {}
    if request is not None:
        metadata |= {"request": request.summary(), **certificates_of(stored)}
    folder.write(rows, metadata={experiment: metadata} if metadata else {})
    return folder


def _prepared(
    plan: CodecSweepPlan, stored: Sequence[StoredCodec], request: ErasureRequest | None, machine: Machine
) -> Preparation:
    if plan.source is None:
        bundles = [stored_bundle(codec.folder) for codec in stored]
        if request is not None:
            check_carried(bundles, request)
        prepared = prepare_stored(bundles, request, machine, plan.seed)
        if prepared.partition is not None and not prepared.partition.forget:
            tell("The erased records are no longer among the data, so their set is not measured; the others are.")
        return prepared
    bundles = [stored_bundle(codec.folder) for codec in stored]
    source = build_source(plan.source.name, plan.source.fields, machine.data_dir)
    for bundle in bundles:
        chain = chain_of(bundle)
        if len(chain.kept) < len(chain.entries):
            own = recipe_of(bundle).source
            if own == plan.source or source.digest() == bundle.card.get("source", {}).get("digest"):
                chain.requests()  # which says what is missing
            tell(f"{bundle.folder} comes without its requests; records that it was made to forget may be among these.")
    source = less_erased(source, bundles)
    threads = int(stored[0].card.get("recipe", {}).get("threads", 1)) if stored else 1
    return Preparation(source, None, plan.seed, threads)


def _with_digest(plan: CodecSweepPlan, source: Source) -> CodecSweepPlan:
    """The plan with the digest of its other records. Errors: RecipeError when a recorded run met other ones."""
    if plan.source is None:
        return plan
    digest = source.digest()
    if plan.source_digest not in (None, digest):
        raise RecipeError(f"The records of {source.name} differ from those that the run met; use its data.")
    return plan.model_copy(update={"source_digest": digest})


def check_codecs(bundles: Sequence[Bundle], source: Source, sweep: SweepPlan) -> None:
    """Errors: RecipeError when the codecs cannot stand in one sweep, or one cannot send the records."""
    if len({bundle.codec.delivers for bundle in bundles}) > 1:
        raise RecipeError(
            "Codecs that deliver text, images and classes cannot stand in one sweep; sweep each kind into its own "
            "folder."
        )
    if bundles and bundles[0].codec.delivers == "class" and (sweep.baselines or sweep.image_classifier):
        raise RecipeError(
            "A codec that infers classes rebuilds nothing to compare or classify; leave out classical codecs and "
            "image_classifier."
        )
    for bundle in bundles:
        if "link" not in bundle.codec.traits:
            raise RecipeError(
                f"{bundle.folder} is sent nothing, so there is no link to sweep; look at it with: semlink audit."
            )
        if bundle.codec.modality != source.modality:
            raise RecipeError(
                f"{bundle.folder} is a codec of {bundle.codec.modality}, but the records of {source.name} are "
                f"{source.modality}; choose another --source."
            )
        try:
            for shape in {np.shape(record.payload) for record in as_measured(source.test)}:
                bundle.codec.sized(shape)
        except CodecError as error:
            raise RecipeError(f"{bundle.folder} cannot send the records of {source.name}: {error}") from error
