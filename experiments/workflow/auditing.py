"""Audits of stored codecs: original, erased and retrained, side by side."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from semlink.channels.snr_db import is_snr_db
from semlink.errors import AuditError, RecipeError
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.experiments.workflow.entrants import around, certificates_of, distinct, stored_codec
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.plugin_use import plugins_of
from semlink.experiments.workflow.preparation import prepare_stored
from semlink.experiments.workflow.references import found, reference_of
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.experiments.workflow.run_plan import CodecAuditPlan
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.experiments.workflow.training_records import chain_of
from semlink.folder_lock import locked
from semlink.registry import build, parse
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.audits.contract import AuditContext
from semlink.unlearning.request import ErasureRequest, request_from


def audit_plan(
    original: str | Path,
    erased: str | Path,
    retrained: Sequence[str | Path],
    request: ErasureRequest,
    audits: Sequence[str],
    snr_db: float,
    seed: int | None = None,
) -> CodecAuditPlan:
    """The plan of audits of an original, an erased and retrained codecs, given by folders or names.

    In:     seed: None: that of the original's training.
    Errors: AuditError when they are not versions of one codec, or one is given twice; BundleError, RecipeError,
            UnknownName, WrongField.
    """
    for audit in audits:
        build("audit", AUDITS, *parse(audit))
    if not is_snr_db(snr_db):
        raise RecipeError(f"Audits cannot measure at an Es/N0 of {snr_db!r:.60}; give --snr a number such as 12.")
    folders = {name: find_bundle(name) for name in (original, erased, *retrained)}
    digests = [stored_bundle(folders[name]).digest() for name in retrained]
    if len(set(digests)) < len(digests):
        raise AuditError("Two of the retrained codecs are the same; retrain with different seeds: --seed.")
    parent = stored_bundle(folders[original])
    if chain_of(parent).entry_of(request) is not None:
        raise AuditError(f"Request {request.id} was carried out on {original} already; give the codec before it.")
    for made in (erased, *retrained):
        chain = chain_of(stored_bundle(folders[made]))
        if parent.digest() not in {entry.parent for entry in chain.entries}:
            raise AuditError(
                f"{folders[made]} was not made from {original}; "
                f"make it with: semlink erase {original} --request FILE --out DIR."
            )
        if chain.entry_of(request) is None:
            raise AuditError(
                f"{folders[made]} does not carry request {request.id}; give the request that was carried out on it."
            )
    roles = [stored_bundle(folders[made]).card.get("version") for made in (erased, *retrained)]
    if roles[0] == "retrained" and "erased" in roles[1:]:
        raise AuditError(
            f"{retrained[roles[1:].index('erased')]} was erased and {erased} retrained; give the retrained codec last."
        )
    forgotten = [
        {carried_out.request for carried_out in chain_of(stored_bundle(folders[made])).knowing(request).kept.values()}
        for made in (erased, *retrained)
    ]
    for made, requests in zip(retrained, forgotten[1:], strict=True):
        if requests != forgotten[0]:
            raise AuditError(
                f"{folders[erased]} and {folders[made]} were made to forget different things; compare codecs that "
                "carry the same requests."
            )
    return CodecAuditPlan(
        original=reference_of(folders[original]),
        erased=reference_of(folders[erased]),
        retrained=tuple(reference_of(folders[name]) for name in retrained),
        audits=tuple(audits),
        snr_db=float(snr_db),
        request=json.loads(request.text()),
        seed=int(parent.card.get("seed", 0)) if seed is None else seed,
    )


@locked("out")
def run_audits(plan: CodecAuditPlan, out: Path, machine: Machine, command: str) -> RunFolder:
    """Runs audits on stored versions of a codec into the folder `out`.

    Errors: BundleError, ErasureError, RecipeError, AuditError.
    """
    codecs = [stored_codec(found(reference)) for reference in (plan.original, plan.erased, *plan.retrained)]
    for number, codec in enumerate(codecs[3:], start=2):  # as recipes call them
        codecs[number + 1] = dataclasses.replace(codec, method=f"{codec.method}-{number}")
    request = request_from(plan.request, "the audit")
    prepared = prepare_stored([stored_bundle(codec.folder) for codec in codecs], request, machine, plan.seed)
    assert prepared.partition is not None
    if not prepared.partition.forget:
        raise AuditError(
            f"The records that request {request.id} erased are no longer among the data, and audits look at them; "
            "measure the rest with: semlink sweep."
        )
    folder = RunFolder.reserve(out, plan, command, machine.device, plugins_of(plan))
    entries = [entrant.entry(machine.device) for entrant in distinct(around(codecs, request))]
    recipe = recipe_of(stored_bundle(codecs[0].folder))
    context = AuditContext(recipe.experiment, recipe.channel, plan.snr_db, plan.seed)
    rows = [
        row
        for audit in plan.audits
        for row in build("audit", AUDITS, *parse(audit)).run(entries, prepared.partition, context)
    ]
    metadata = {"codec": dict(codecs[0].card), "request": request.summary(), **certificates_of(codecs)}
    folder.write(rows, metadata={recipe.experiment: metadata})
    return folder
