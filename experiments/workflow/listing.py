"""What is registered, as text: the names that recipes and the command line take, their fields and defaults."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from semlink.errors import BundleError, PluginError, SignatureError
from semlink.experiments.workflow.entry_source import EntryText, read_entry
from semlink.plugins import load_environment
from semlink.registry import Registry, choose, fields_of

REGISTRIES: Mapping[str, str] = {
    "channels": "semlink.channels:CHANNELS",
    "codecs": "semlink.codecs:CODECS",
    "classical": "semlink.simulator.classical:CLASSICAL",
    "compressors": "semlink.codecs.digital.compression:COMPRESSORS",
    "sources": "semlink.simulator.sources:SOURCES",
    "metrics": "semlink.simulator.metrics:METRICS",
    "methods": "semlink.unlearning.methods:METHODS",
    "audits": "semlink.unlearning.audits:AUDITS",
}
KINDS = (*REGISTRIES, "recipes", "bundles")


def names(kind: str) -> list[str]:
    """The names of one kind of entry, such as "channels" or "bundles". Errors: UnknownName for another kind."""
    choose("kind of entry", dict.fromkeys(KINDS), kind)
    if kind == "recipes":
        from semlink.experiments.workflow.recipe_file import packaged_recipes

        return packaged_recipes()
    if kind == "bundles":
        from semlink.experiments.workflow.codec_folders import stored_codecs

        return list(stored_codecs())
    return list(_registry(kind))


def listing(kind: str) -> str:
    """Every entry of one registry, or of all: name, first line of its documentation, fields with their defaults.

    Of recipes the experiment is given, of bundles (stored codecs) what a user chooses by.
    Errors: UnknownName for another kind.
    """
    load_environment()
    choose("kind of entry", dict.fromkeys((*KINDS, "all")), kind)
    return "\n\n".join(_section(each) for each in (KINDS if kind == "all" else (kind,)))


def _registry(kind: str) -> Mapping[str, Callable[..., Any]]:
    module, _, table = REGISTRIES[kind].partition(":")
    registry: Mapping[str, Callable[..., Any]] = getattr(importlib.import_module(module), table)
    return registry


def _section(kind: str) -> str:
    if kind == "recipes":
        from semlink.experiments.workflow.recipe_file import load_recipe, packaged_recipes

        lines = [f"  {name}: {load_recipe(name).experiment}" for name in packaged_recipes()]
    elif kind == "bundles":
        from semlink.experiments.workflow.codec_folders import stored_codecs

        lines = [_bundle(name, folder) for name, folder in stored_codecs().items()]
        lines = lines or ["  none: semlink train makes one"]
    else:
        registry = _registry(kind)
        lines = [_entry_or_fault(name, registry, kind) for name in registry]
        for place in range(len(lines) - 1, 0, -1):  # kinds of one family have the same fields
            (line, *fields), (_, *before) = lines[place].split("\n"), lines[place - 1].split("\n")
            if fields and fields == before:
                lines[place] = f"{line}\n    the same fields"
    return "\n".join([f"{kind}:", *lines])


def _entry_or_fault(name: str, registry: Mapping[str, Callable[..., Any]], kind: str) -> str:
    """An entry, with the plug-in that it comes from; one that cannot be loaded says so instead."""
    try:
        plugin = registry.plugin(name) if isinstance(registry, Registry) else None
        return _entry(name, registry, kind) + (f"\n    from the plug-in {plugin.name}" if plugin else "")
    except PluginError as error:
        return f"  {name}: {error}"


def _entry(name: str, registry: Mapping[str, Callable[..., Any]], kind: str) -> str:
    text = read_entry(registry.place_of(name)) if isinstance(registry, Registry) and name in registry.own() else None
    text = text or loaded_entry(registry[name])
    shown = text.fields if kind != "compressors" else ()
    fields = [field if default is ... else f"{field}={default}" for field, default in shown]
    defined = _defined_on(registry[name]) if kind == "methods" else []
    summary = text.summary
    return "\n".join([f"  {name}: {summary}".rstrip(": "), *defined, *([f"    {', '.join(fields)}"] if fields else [])])


def loaded_entry(make: Callable[..., Any]) -> EntryText:
    """What a class says of itself once it is loaded."""
    summary = next(iter((make.__doc__ or "").strip().splitlines()), "")
    fields = [
        (name, ... if default is inspect.Parameter.empty else default) for name, (_, default) in fields_of(make).items()
    ]
    return EntryText(summary, tuple(fields))


def _defined_on(method: Any) -> list[str]:
    """The kinds of codecs that a method is defined on, where these are not all."""
    from semlink.codecs import CODECS

    codecs = CODECS.usable()
    kinds = [name for name, codec in codecs.items() if method.defined_on(codec)]
    return [] if len(kinds) in (0, len(codecs)) else [f"    on codecs of the kinds {', '.join(kinds)}"]


def _bundle(name: str, folder: Path) -> str:
    """A stored codec in two lines; one that is damaged says so instead."""
    from semlink.codecs.bundle import README
    from semlink.codecs.model_card import snr_range
    from semlink.experiments.workflow.codec_folders import PACKAGED
    from semlink.experiments.workflow.store import stored_bundle

    try:
        bundle = stored_bundle(folder)
    except BundleError as error:
        return f"  {name}: damaged. {error}"
    except SignatureError as error:
        return f"  {name}: {error}"
    card, record = bundle.card, {"text": "a sentence", "image": "an image"}[bundle.codec.modality]
    size = sum(path.stat().st_size for path in folder.iterdir())
    uses, loss = card.get("bandwidth", {}).get("channel_uses"), card.get("validation_loss")
    trained = f"trained over {card['training_channel']} at {snr_range(card['training_snr_db'])} dB"
    facts = [
        f"{card.get('codec', bundle.codec.modality)} codec, {card.get('version', 'original')}",
        f"{size / 1e6:.2f} MB",
        f"{uses:.4g} channel uses for {record}" if uses else "",
        trained if "training_snr_db" in card else "",
        f"validation loss {float(loss):.4g}" if loss is not None else "",
    ]
    place = "comes with semlink" if folder.parent == PACKAGED else f"trained here, {folder}"
    return f"  {name}: {', '.join(filter(None, facts))}\n    {place}; model card: {folder / README}"
