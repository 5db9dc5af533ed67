"""What is registered, as text: the names that recipes and the command line take, their fields and defaults."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from semlink.channels import CHANNELS
from semlink.codecs import CODECS
from semlink.codecs.bundle import README, load_bundle
from semlink.codecs.digital.compression import COMPRESSORS
from semlink.codecs.model_card import snr_range
from semlink.errors import BundleError
from semlink.experiments.workflow.recipe import load_recipe, packaged_recipes
from semlink.experiments.workflow.store import PACKAGED, stored_codecs
from semlink.registry import choose, fields_of
from semlink.simulator.classical import CLASSICAL
from semlink.simulator.metrics import METRICS
from semlink.simulator.sources import SOURCES
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.contract import Method
from semlink.unlearning.methods import METHODS

REGISTRIES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "channels": CHANNELS,
    "codecs": CODECS,
    "classical": CLASSICAL,
    "compressors": COMPRESSORS,
    "sources": SOURCES,
    "metrics": METRICS,
    "methods": METHODS,
    "audits": AUDITS,
}


def listing(kind: str) -> str:
    """Every entry of one registry, or of all: name, first line of its documentation, fields with their defaults.

    Of recipes the experiment is told, of bundles (stored codecs) what a user chooses by.

    Errors: UnknownName for another kind.
    """
    kinds = {**REGISTRIES, "recipes": {}, "bundles": {}}
    if kind != "all":
        choose("kind of entry", {**kinds, "all": {}}, kind)
        kinds = {kind: kinds[kind]}
    return "\n\n".join(_section(name, table) for name, table in kinds.items())


def _section(kind: str, table: Mapping[str, Callable[..., Any]]) -> str:
    if kind == "recipes":
        told = [f"  {name}: {load_recipe(name).experiment}" for name in packaged_recipes()]
    elif kind == "bundles":
        told = [_bundle(name, folder) for name, folder in stored_codecs().items()] or [
            "  none: semlink train makes one"
        ]
    else:
        told = [_entry(name, make, chosen=kind != "compressors") for name, make in table.items()]
        for place in range(len(told) - 1, 0, -1):  # kinds of one family have the same fields
            (line, *fields), (_, *before) = told[place].split("\n"), told[place - 1].split("\n")
            if fields and fields == before:
                told[place] = f"{line}\n    the same fields"
    return "\n".join([f"{kind}:", *told])


def _entry(name: str, make: Callable[..., Any], chosen: bool) -> str:
    """chosen: whether the fields of its constructor are for a user to choose."""
    summary = (inspect.getdoc(make) or "").splitlines()[0]
    fields = [
        field if default is inspect.Parameter.empty else f"{field}={default}"
        for field, (_, default) in (fields_of(make).items() if chosen else ())
    ]
    kinds = [codec for codec, kind in CODECS.items() if make.defined_on(kind)] if _is_method(make) else []
    told = [] if len(kinds) in (0, len(CODECS)) else [f"    on codecs of the kinds {', '.join(kinds)}"]
    return "\n".join([f"  {name}: {summary}", *told, *([f"    {', '.join(fields)}"] if fields else [])])


def _is_method(make: Callable[..., Any]) -> TypeGuard[type[Method]]:
    return isinstance(make, type) and issubclass(make, Method)


def _bundle(name: str, folder: Path) -> str:
    """A stored codec in three lines; one that is damaged says so instead."""
    try:
        bundle = load_bundle(folder)
    except BundleError as error:
        return f"  {name}: damaged. {error}"
    card, record = bundle.card, {"text": "a sentence", "image": "an image"}[bundle.codec.modality]
    size = sum(path.stat().st_size for path in folder.iterdir())
    uses, loss = card.get("bandwidth", {}).get("channel_uses"), card.get("validation_loss")
    facts = [
        f"{card.get('codec', bundle.codec.modality)} codec, {card.get('version', 'original')}",
        f"{size / 1e6:.2f} MB",
        f"{uses:.4g} channel uses for {record}" if uses else "",
        f"trained over {card['training_channel']} at {snr_range(card['training_snr_db'])} dB"
        if "training_snr_db" in card
        else "",
        f"validation loss {loss:.4g}" if loss is not None else "",
    ]
    place = "comes with semlink" if folder.parent == PACKAGED else f"trained here, {folder}"
    return f"  {name}: {', '.join(filter(None, facts))}\n    {place}; model card: {folder / README}"
