"""Carries out an erasure request on a stored codec: a new version beside the old one, with its certificate."""

import shlex
from pathlib import Path
from typing import Any

import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec_like
from semlink.codecs.bundle import Bundle
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import BundleError, RecipeError
from semlink.experiments.workflow.component import Component
from semlink.experiments.workflow.division import Division, divided
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.plugin_use import records_of
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.experiments.workflow.versions import new_version
from semlink.files import json_text
from semlink.folder_lock import locked
from semlink.progress import tell
from semlink.registry import build, canonical, choose
from semlink.simulator.checkpoint import weights_digest
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.erase import erase
from semlink.unlearning.methods import METHODS
from semlink.unlearning.methods.mnemonic.codes import CODES_FILE, CodeMixing, MnemonicCodes
from semlink.unlearning.partition import without_data
from semlink.unlearning.request import ErasureRequest
from semlink.untrusted import json_of
from semlink.version import __version__

CERTIFICATE = "erasure.json"  # in a bundle
VOCABULARY_RULES = {rule: rule for rule in ("auto", "keep", "replace")}
TRAINED_ON = {"train": "retain", "validation": "validation"}  # of a retrained codec
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
    choose("vocabulary rule", VOCABULARY_RULES, vocabulary)
    replaces = vocabulary == "replace" or (vocabulary == "auto" and request.selection.by == "term")
    seed = recipe.seed if seed is None else seed
    marks = {
        "version": "retrained" if method.name == "retrain" else "erased",
        "request": request.digest(bundle.digest()),
        "parent": bundle.digest(),
        "method": method.model_dump(),
        "erasure_seed": seed,
        "vocabulary": "replaced" if replaces and unlearn.reads else "kept",
        "plugins": records_of(filter(None, [METHODS.plugin(method.name)]), bundle.card.get("plugins")),
    }
    new = new_version(out, marks)
    if new is None:
        return
    torch.set_num_threads(recipe.threads)
    division = divided(bundle, request, machine, bool(unlearn.reads))
    tell(division.near.sentence() if division.near else "")
    new.check_space(bundle.codec)
    codes = MnemonicCodes.restored(bundle.protected[CODES_FILE]) if CODES_FILE in bundle.protected else None

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
    erased, certificate = erase(bundle.codec.on(machine.device), division.partition, unlearn, context)
    chain = division.extended_chain(request, method.name, bundle.digest())
    certificate |= {
        "request": {"digest": marks["request"], "time": request.time, "by": request.selection.by},
        "original_digest": bundle.digest(),
        "weights": f"sha256:{weights_digest(erased.codec)}",
        "chain": chain.on_card(),
        "near_misses": 0 if division.near is None else division.near.records,
        "replaced_words": _forget_vocabulary(erased.codec, division) if marks["vocabulary"] == "replaced" else 0,
    }
    if marks["plugins"] is None:
        del marks["plugins"]
    else:
        certificate["plugins"] = marks["plugins"]
    inherited = {name: fact for name, fact in bundle.card.items() if name not in ("validation_loss", "best_step")}
    if marks["version"] == "retrained" and "source" in inherited:
        counts = {f"{name}_records": len(getattr(division.partition, split)) for name, split in TRAINED_ON.items()}
        inherited["source"] = {**inherited["source"], **counts}
    written = canonical(method.name, METHODS[method.name], method.fields)
    options = ["--request", "FILE", "--method", written, "--seed", f"{seed}", "--out", "DIR"]
    card = {
        **inherited,
        **marks,
        "seconds": erased.seconds,
        "device": machine.device,
        "code_version": __version__,
        "chain": chain.on_card(),
        "command": shlex.join(["semlink", "erase", recipe.experiment, *options]),
    }
    extra = {IMPORT: bundle.texts[IMPORT]} if IMPORT in bundle.texts and marks["version"] == "erased" else {}
    protected = division.protected_files(bundle, chain)
    if codes is not None:
        erases_classes = request.selection.by == "label"
        left = codes.without(without_data(division.labels, request).labels) if erases_classes else codes
        protected[CODES_FILE] = left.stored()
    new.store(erased.codec, card, extra, protected, {CERTIFICATE: json_text(certificate, 2) + "\n"})


def certificate_of(bundle: Bundle) -> dict[str, Any]:
    """The certificate of an erased codec. Errors: BundleError when it is damaged, or of other weights or requests."""
    try:
        content: dict[str, Any] = json_of(bundle.texts[CERTIFICATE], dict)
        bound = content["weights"], content["chain"]
        _check_form(content)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"The certificate in {bundle.folder} is damaged; carry out the erasure again.") from error
    if bound != (f"sha256:{weights_digest(bundle.codec)}", bundle.card.get("chain")):
        raise BundleError(f"The certificate in {bundle.folder} is of another codec; do not trust this one.")
    return content


def _check_form(content: dict[str, Any]) -> None:
    """Errors: TypeError, KeyError, ValueError when a certificate does not hold what reports and proofs read."""
    if not isinstance(content["method"], dict) or not isinstance(content["mean_loss"], list):
        raise TypeError("no method, or no losses")
    for row in content["mean_loss"]:
        if not isinstance(row["set"], str) or not isinstance(row["n"], int):
            raise TypeError("no row of losses")
        for name in ("snr_db", "before", "after"):
            float(row[name])


def _forget_vocabulary(codec: NeuralCodec[Any], division: Division) -> int:
    """Takes the words out of a codec that the forget set alone holds; returns how many entries these are."""
    partition = division.partition
    others = (partition.retain, partition.validation, partition.test)
    kept = [record.payload for records in others for record in records]
    return codec.forget_vocabulary([record.payload for record in partition.forget], kept)
