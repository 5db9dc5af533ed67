"""Which plug-ins a run or a recipe uses, and which of those that stored things name are not here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from semlink.codecs import CODECS
from semlink.errors import PluginError, SemlinkError
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.run_plan import CodecReference, ExperimentPlan, RunPlan
from semlink.plugin_origin import Plugin
from semlink.plugins import registry_of
from semlink.progress import tell
from semlink.registry import Registry
from semlink.simulator.metrics import METRICS

KINDS = {
    "channel": "channel", "channels": "channel", "codec": "codec", "source": "source", "method": "method",
    "methods": "method", "audits": "audit",
}  # fields of plans and recipes that name entries, and of which kind  # fmt: skip


def plugins_of(plan: RunPlan) -> list[dict[str, str]]:
    """The plug-ins that a run uses, each once: those that it names, and the metrics, which are measured unasked."""
    references = [value for _, value in plan if isinstance(value, CodecReference)]
    references += [
        each for _, value in plan if isinstance(value, tuple) for each in value if isinstance(each, CodecReference)
    ]
    recipes: list[Any] = [plan.model_dump(mode="json")]
    kinds: list[Any] = []
    if isinstance(plan, ExperimentPlan):
        kinds = [CODECS[recipe.codec.name] for recipe in plan.recipes]
    else:
        for reference in references:
            folder = find_bundle(reference.name)
            from semlink.experiments.workflow.store import stored_bundle  # here, since it loads torch

            if (folder / "config.json").is_file():  # else it is an export, beside the codec that it was made of
                bundle = stored_bundle(folder)
                kinds.append(type(bundle.codec))
                recipes.append(bundle.card.get("recipe", {}))
    found = [plugin for recipe in recipes for plugin in _named(recipe)]
    found += filter(None, (CODECS.plugin(name) for name in map(CODECS.name_of, kinds) if name))
    delivered = {kind.modality if "reconstruction" in kind.traits else "class" for kind in kinds}
    for name, family in METRICS.usable().items():
        if (not kinds or family.modality in delivered) and (plugin := METRICS.plugin(name)):
            found.append(plugin)
    return records_of(found) or []


def plugins_of_recipe(recipe: Recipe) -> tuple[Plugin, ...]:
    """The plug-ins that training by a recipe uses."""
    return tuple(dict.fromkeys(_named(recipe.model_dump(mode="json", exclude={"sweep", "erasure"}))))


def records_of(plugins: Iterable[Plugin], before: object = None) -> list[dict[str, str]] | None:
    """What a card or certificate holds of plug-ins, beside those that it held before; None where there are none."""
    found = {record["digest"] or record["name"]: record for record in recorded(before)}
    found |= {plugin.digest or plugin.name: plugin.record() for plugin in plugins}
    return list(found.values()) or None


def recorded(content: object) -> list[dict[str, str]]:
    """The plug-ins that a stored file names, as plain data that need not be so. Nothing is looked for or opened."""
    entries = content if isinstance(content, list | tuple) else []
    return [
        {"name": str(entry.get("name", ""))[:200], "digest": str(entry.get("digest", ""))[:100]}
        for entry in entries[:64]
        if isinstance(entry, Mapping)
    ]


def check_present(content: object, what: str) -> None:
    """Checks that the plug-ins that a stored file names are loaded; another version of one is told.

    In:     what: whose they are, for the sentence.
    Errors: PluginError.
    """
    present = {plugin for kind in set(KINDS.values()) | {"metric"} for plugin in _foreign(registry_of(kind))}
    for entry in recorded(content):
        if entry["digest"] in {plugin.digest for plugin in present}:
            continue
        if entry["name"] not in {plugin.name for plugin in present}:
            raise PluginError(needed(entry, what))
        tell(f"{what} was made with another version of the plug-in {entry['name']}; what is found may differ.")


def needed(entry: Mapping[str, str], what: str) -> str:
    """The sentence that says which plug-in is missing."""
    digest = f" ({entry['digest'][:19]}...)" if entry["digest"] else ""
    return f"{what} needs the plug-in {entry['name']}{digest}; give it with --plugin FILE, or install its package."


def explained(error: SemlinkError, content: object, what: str) -> SemlinkError:
    """The error that names the missing plug-in, where one that a stored file names is the reason; else the error."""
    try:
        check_present(content, what)
    except PluginError as missing:
        return missing
    return error


def _named(content: object, kind: str = "") -> Iterator[Plugin]:
    """The plug-ins of the entries that plain data name."""
    if isinstance(content, Mapping):
        if kind and isinstance(content.get("name"), str):
            yield from _named(content["name"], kind)
        for field, value in content.items():
            if field != "name":
                yield from _named(value, KINDS.get(field, ""))
    elif isinstance(content, list | tuple):
        for each in content:
            yield from _named(each, kind)
    elif isinstance(content, str) and kind:
        registry, name = registry_of(kind), content.partition(":")[0].strip()
        if name in registry and (plugin := registry.plugin(name)):
            yield plugin


def _foreign(registry: Registry[Any]) -> Iterator[Plugin]:
    for name in registry.usable():
        if plugin := registry.plugin(name):
            yield plugin
