"""Trains the codec of a recipe and stores it as a bundle."""

import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from semlink.channels import build_channel
from semlink.codecs import CODECS
from semlink.codecs.building import new_codec
from semlink.codecs.bundle import Bundle
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import RecipeError
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.plugin_use import plugins_of_recipe, records_of
from semlink.experiments.workflow.preparation import prepare
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.training_records import RECORDS, REQUESTS, chain_of
from semlink.experiments.workflow.versions import RECIPE, new_version, training_part
from semlink.files import write_whole
from semlink.folder_lock import locked
from semlink.registry import check_fields
from semlink.simulator.sources import SOURCES
from semlink.simulator.sources.contract import Source
from semlink.simulator.sources.record_digests import RecordDigests
from semlink.simulator.training import train
from semlink.unlearning.methods.mnemonic.codes import CODES_FILE, CodeMixing, MnemonicCodes
from semlink.version import __version__


@locked("folder")
def train_bundle(recipe: Recipe, folder: Path, machine: Machine) -> None:
    """Trains the codec of a recipe and stores it at `folder`; a stored one of the same recipe is left as it is.

    Stopped training goes on from its checkpoint beside the folder.
    Errors: RecipeError when `folder` holds something else, or the recipe trains nothing; OSError, before the training,
            when it cannot be written.
    """
    if recipe.training is None:
        raise RecipeError(f"The recipe {recipe.experiment} trains nothing; carry it out with: semlink run.")
    plugins = records_of(plugins_of_recipe(recipe))
    marks = {"recipe": training_part(recipe), "version": "original", "plugins": plugins}
    version = new_version(folder, marks)
    if version is None:
        return
    torch.set_num_threads(recipe.threads)
    source = prepare(recipe, None, machine).source
    codec = fresh_codec(recipe, source).on(machine.device)
    version.check_space(codec)
    codes = _codes_for(recipe, codec, source, version.secret)
    facts = {"source": source_facts(recipe, source), "bandwidth": _bandwidth(codec, source)}
    outcome = train(
        codec, source.train, source.validation, build_channel(recipe.channel), recipe.training, recipe.seed,
        f"train {recipe.experiment}", version.checkpoint,
        CodeMixing(recipe.training.mnemonic, codes) if codes else None,
    )  # fmt: skip
    card: dict[str, Any] = {
        "experiment": recipe.experiment,
        "version": "original",
        "method": "none",
        "codec": recipe.codec.name,
        "parameters": sum(parameter.numel() for parameter in codec.parameters()),
        **facts,
        "training_channel": recipe.channel,
        "training_snr_db": recipe.training.snr_db,
        "validation_loss": outcome.validation_loss,
        "best_step": outcome.best_step,
        "seconds": outcome.seconds,
        "seed": recipe.seed,
        "device": machine.device,
        "code_version": __version__,
        "command": f"semlink train {RECIPE} --out DIR",
        "recipe": training_part(recipe),
    }
    if plugins is not None:
        card["plugins"] = plugins
    protected, key = {}, None
    if codes is not None:
        protected[CODES_FILE] = codes.stored()
    if recipe.start is not None:  # what was erased from that codec stays erased from this one
        start = start_of(recipe)
        card |= {"start": start.digest()}
        if RECORDS in start.protected:
            key = RecordDigests.restored(start.protected[RECORDS]).key
        if chain_of(start).entries:
            card["chain"] = chain_of(start).on_card()
            protected[REQUESTS] = chain_of(start).register()
    protected[RECORDS] = RecordDigests.of(source, key).stored()
    version.store(codec, card, protected=protected)


def fresh_codec(recipe: Recipe, source: Source) -> NeuralCodec[Any]:
    """The codec of a recipe before its training.

    It is untrained, with vocabulary, sizes and classes from the training records, or a copy of the stored one that the
    recipe starts from.
    Errors: RecipeError when that is of another kind than the recipe says; BundleError.
    """
    if recipe.start is not None:
        return copy.deepcopy(start_of(recipe).codec)
    payloads = [record.payload for record in source.train]
    return new_codec(recipe.codec.name, recipe.codec.fields, payloads, recipe.seed, source.labels)


def start_of(recipe: Recipe) -> Bundle:
    """The stored codec that a recipe starts from.

    Errors: RecipeError when it is another than the recipe says; BundleError.
    """
    assert recipe.start is not None
    bundle = stored_bundle(find_bundle(recipe.start))
    if type(bundle.codec) is not CODECS[recipe.codec.name]:
        raise RecipeError(f"{recipe.start} is not a codec of the kind {recipe.codec.name}; give its kind under codec.")
    for field, value in check_fields("codec", recipe.codec.name, type(bundle.codec), recipe.codec.fields).items():
        stored = getattr(bundle.codec.config, field)
        if stored != value:
            raise RecipeError(
                f"{recipe.start} has {field}={stored}, not {value}; leave {field} out, or start from nothing."
            )
    return bundle


def source_facts(recipe: Recipe, source: Source) -> dict[str, Any]:
    """What the card of a codec says of the records of its training."""
    return {
        "name": source.name,
        **asdict(SOURCES[recipe.source.name].terms),
        "digest": source.digest(),
        "labels": source.labels,
        "train_records": len(source.train),
        "validation_records": len(source.validation),
    }


def _codes_for(recipe: Recipe, codec: NeuralCodec[Any], source: Source, secret: Path) -> MnemonicCodes | None:
    """The codes that training mixes in, if any; secret ones lie in the file `secret` until the codec is stored.

    Errors: WrongField when the codec or the source has no classes; BundleError when secret codes are damaged.
    """
    assert recipe.training is not None
    if not recipe.training.mnemonic:
        return None
    arguments = codec, source.train[0].payload, len(source.labels)
    if recipe.training.codes == "seeded":
        return MnemonicCodes.drawn_for(*arguments, recipe.seed)
    if not secret.exists():
        write_whole(secret, MnemonicCodes.drawn_for(*arguments, None).stored(), 0o600)
    return MnemonicCodes.restored(secret.read_bytes())


def _bandwidth(codec: NeuralCodec[Any], source: Source) -> dict[str, float]:
    """Mean channel uses of a validation record, and of a part of it: a word, or a sample of an image."""
    payloads = [record.payload for record in source.validation]
    uses = codec.channel_uses(codec.prepare(payloads).to(codec.device)).double().mean().item()
    parts = sum(len(payload.split()) if isinstance(payload, str) else payload.size for payload in payloads)
    return {"channel_uses": uses, "channel_uses_per_part": uses * len(payloads) / parts}
