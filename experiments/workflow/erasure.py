"""Carries out an erasure request on a stored codec: a new version beside the old one, with its certificate."""

import shlex
from pathlib import Path
from typing import Any

import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec_like
from semlink.codecs.bundle import Bundle
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import BundleError, ErasureError, RecipeError
from semlink.experiments.workflow.component import Component
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.records import near_misses_of
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.experiments.workflow.training_records import (
    RECORDS,
    REQUESTS,
    TrainingRecords,
    chain_of,
    training_records,
)
from semlink.experiments.workflow.versions import new_version
from semlink.files import json_text
from semlink.folder_lock import locked
from semlink.progress import tell
from semlink.registry import build, canonical, choose
from semlink.simulator.checkpoint import weights_digest
from semlink.simulator.sources.contract import SPLITS, Source
from semlink.simulator.sources.record_digests import RecordDigests
from semlink.unlearning.chain import CarriedOut, ChainEntry
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.erase import erase
from semlink.unlearning.matching import matcher
from semlink.unlearning.methods import METHODS
from semlink.unlearning.methods.mnemonic.codes import CODES_FILE, CodeMixing, MnemonicCodes
from semlink.unlearning.partition import divide, matching, without_data
from semlink.unlearning.request import ErasureRequest
from semlink.untrusted import json_of
from semlink.version import __version__

CERTIFICATE = "erasure.json"  # in a bundle
IMPORT = "import.json"  # where the tensors of a codec that was taken in are from


@locked("out")
def erase_bundle(
    folder: Path,
    request: ErasureRequest,
    method: Component,
    out: Path,
    machine: Machine,
    seed: int | None = None,
    vocabulary: str = "auto",
) -> None:
    """Carries out an erasure request on the codec stored at `folder` and stores the new version at `out`.

    The deployed version is not touched. The new bundle carries its certificate `erasure.json` and, for the owner of the
    data alone, all requests that were ever carried out on it, digests of the records of its training, and the mnemonic
    codes of the classes that are left. What earlier requests erased is in no set that the method reads. A codec that
    was trained from a stored one, whose records it saw too, takes methods alone that read no records.
    In:     vocabulary: whether words that only erased records hold are taken out of it: "replace", "keep", or "auto":
            where the request names words.
    Errors: ErasureError, BundleError, RecipeError; OSError, before the work, when `out` cannot be written.
    """
    bundle = stored_bundle(folder)
    recipe = recipe_of(bundle)
    unlearn = build("method", METHODS, method.name, method.fields)
    if recipe.training is None or (recipe.start is not None and unlearn.reads):
        raise RecipeError(
            f"{folder} was trained from {recipe.start}, which saw records too; carry out the request on "
            f"{recipe.start}, then train from what that gives."
        )
    choose("vocabulary rule", {"auto": 1, "keep": 1, "replace": 1}, vocabulary)
    replaces = vocabulary == "replace" or (vocabulary == "auto" and request.selection.by == "term")
    seed = recipe.seed if seed is None else seed
    version = "retrained" if method.name == "retrain" else "erased"
    parent = bundle.digest()
    marks = {
        "version": version,
        "request": request.digest(parent),
        "parent": parent,
        "method": method.model_dump(),
        "erasure_seed": seed,
        "vocabulary": "replaced" if replaces and unlearn.reads else "kept",
    }
    new = new_version(out, marks)
    if new is None:
        return
    chain = chain_of(bundle)
    if (entry := chain.entry_of(request)) is not None:
        raise ErasureError(
            f"Request {request.id} was carried out on {folder} already, by {entry.method}; its certificate is there."
        )
    torch.set_num_threads(recipe.threads)
    records = training_records([bundle], machine) if unlearn.reads else None
    near = near_misses_of(remaining := records.remaining(), matcher(remaining, request)) if records else None
    tell(near.sentence() if near else "")
    new.check_space(bundle.codec)
    codes = MnemonicCodes.restored(bundle.protected[CODES_FILE]) if CODES_FILE in bundle.protected else None
    codec, labels = bundle.codec.on(machine.device), bundle.card.get("source", {}).get("labels", ())

    def fresh() -> NeuralCodec[Any]:
        return new_codec_like(bundle.codec, seed).on(machine.device)

    context = ErasureContext(
        channel=build_channel(recipe.channel),
        training=recipe.training,
        seed=seed,
        fresh=fresh,
        label=f"{method.name} {recipe.experiment}",
        checkpoint=new.checkpoint,
        transform=CodeMixing(recipe.training.mnemonic, codes) if recipe.training.mnemonic else None,
        codes=codes,
    )
    partition = (
        without_data(labels, request)
        if records is None
        else divide(records.source, request, [carried_out.request for carried_out in records.requests])
    )
    erased, certificate = erase(codec, partition, unlearn, context)
    counted = erased_ids = digests = None
    if records is not None:
        counted, digests = len(partition.forget), _digests_of(bundle, records.source)
        erased_ids = _erased_ids(records, request, digests)
    entry = ChainEntry(request.digest(parent), request.time, method.name, counted, parent)
    chain = chain.extended(entry, CarriedOut(request, erased_ids))
    inherited = {name: fact for name, fact in bundle.card.items() if name not in ("validation_loss", "best_step")}
    card = {**inherited, **marks, "seconds": erased.seconds, "device": machine.device, "code_version": __version__}
    card["chain"] = chain.on_card()
    written = canonical(method.name, METHODS[method.name], method.fields)
    options = ["--request", "FILE", "--method", written, "--seed", f"{seed}", "--out", "DIR"]
    card["command"] = shlex.join(["semlink", "erase", recipe.experiment, *options])
    certificate |= {
        "request": {"digest": entry.request, "time": request.time, "by": request.selection.by},
        "original_digest": parent,
        "weights": f"sha256:{weights_digest(erased.codec)}",
        "chain": chain.on_card(),
        "near_misses": 0 if near is None else near.records,
        "replaced_words": _forget_vocabulary(erased.codec, partition) if marks["vocabulary"] == "replaced" else 0,
    }
    extra = {IMPORT: bundle.texts[IMPORT]} if IMPORT in bundle.texts and version == "erased" else {}
    protected = {REQUESTS: chain.register()}
    if digests is not None:
        protected[RECORDS] = digests.stored()
    elif RECORDS in bundle.protected:
        protected[RECORDS] = bundle.protected[RECORDS]
    if codes is not None:
        if request.selection.by == "label":
            codes = codes.without(without_data(labels, request).labels)
        protected[CODES_FILE] = codes.stored()
    new.store(erased.codec, card, extra, protected, {CERTIFICATE: json_text(certificate, 2) + "\n"})


def certificate_of(bundle: Bundle) -> dict[str, Any]:
    """The certificate of an erased codec. Errors: BundleError when it is damaged, or of other weights or requests."""
    try:
        content: dict[str, Any] = json_of(bundle.texts[CERTIFICATE], dict)
        bound = content["weights"], content["chain"]
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"The certificate in {bundle.folder} is damaged; carry out the erasure again.") from error
    if bound != (f"sha256:{weights_digest(bundle.codec)}", bundle.card.get("chain")):
        raise BundleError(f"The certificate in {bundle.folder} is of another codec; do not trust this one.")
    return content


def _forget_vocabulary(codec: NeuralCodec[Any], partition: Partition) -> int:
    """Takes the words out of a codec that the forget set alone holds; returns how many entries these are."""
    kept = [
        record.payload for records in (partition.retain, partition.validation, partition.test) for record in records
    ]
    return codec.forget_vocabulary([record.payload for record in partition.forget], kept)


def _digests_of(bundle: Bundle, source: Source) -> RecordDigests:
    """Digests of the records of the training: those that the codec carries, or new ones where it carries none."""
    stored = bundle.protected.get(RECORDS)
    return RecordDigests.of(source) if stored is None else RecordDigests.restored(stored)


def _erased_ids(records: TrainingRecords, request: ErasureRequest, digests: RecordDigests) -> tuple[str, ...]:
    """The digests of the ids of all records that a request matches, also unseen ones."""
    matches = matching(records.source, [request])
    every = (record for split in SPLITS for record in records.source.split(split))
    return tuple(digests.of_id(record.id).hex() for record in every if matches(record))
