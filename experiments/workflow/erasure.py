"""Carries out an erasure request on a stored codec: a new version beside the old one, with its certificate."""

import json
import shlex
from pathlib import Path
from typing import Any

import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec_like
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import RecipeError
from semlink.experiments.workflow.component import Component
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.preparation import prepare_stored, recipe_of
from semlink.experiments.workflow.records import near_misses_of
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.versions import new_version
from semlink.progress import tell
from semlink.registry import build, canonical
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.erase import erase
from semlink.unlearning.matching import matcher
from semlink.unlearning.methods import METHODS
from semlink.unlearning.methods.mnemonic.codes import CODES_FILE, CodeMixing, MnemonicCodes
from semlink.unlearning.partition import without_data
from semlink.unlearning.request import ErasureRequest
from semlink.version import __version__

CERTIFICATE, REQUEST = "erasure.json", "request.json"  # in a bundle
IMPORT = "import.json"  # where the tensors of a codec that was taken in are from


def erase_bundle(
    folder: Path, request: ErasureRequest, method: Component, out: Path, machine: Machine, seed: int | None = None
) -> None:
    """Carries out an erasure request on the codec stored at `folder` and stores the new version at `out`.

    The deployed version is not touched. The new bundle carries `erasure.json`, the request, and the mnemonic codes of
    the classes that are left. A codec that was trained from a stored one, whose records it saw too, takes methods alone
    that read no records.
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
    seed = recipe.seed if seed is None else seed
    version = "retrained" if method.name == "retrain" else "erased"
    marks = {
        "version": version,
        "request": request.digest(),
        "parent": bundle.digest(),
        "method": method.model_dump(),
        "erasure_seed": seed,
    }
    new = new_version(out, marks)
    if new is None:
        return
    torch.set_num_threads(recipe.threads)
    source = prepare_stored(bundle, None, machine).source if unlearn.reads else None
    near = near_misses_of(source, matcher(source, request)) if source is not None else None
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
    erased, certificate = erase(codec, source, request, unlearn, context, bundle.digest(), labels=labels)
    inherited = {name: fact for name, fact in bundle.card.items() if name not in ("validation_loss", "best_step")}
    card = {**inherited, **marks, "seconds": erased.seconds, "device": machine.device, "code_version": __version__}
    written = canonical(method.name, METHODS[method.name], method.fields)
    options = ["--request", REQUEST, "--method", written, "--seed", f"{seed}", "--out", "DIR"]
    card["command"] = shlex.join(["semlink", "erase", recipe.experiment, *options])
    extra = {CERTIFICATE: json.dumps(certificate, indent=2) + "\n", REQUEST: request.text()}
    if (bundle.folder / IMPORT).is_file() and version == "erased":  # where the tensors that it was made of are from
        extra[IMPORT] = (bundle.folder / IMPORT).read_text(encoding="utf-8")
    if codes is not None and request.selection.by == "label":
        codes = codes.without(without_data(labels, request).labels)
    new.store(erased.codec, card, extra, {CODES_FILE: codes.stored()} if codes is not None else {})
