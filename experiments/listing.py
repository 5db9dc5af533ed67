"""What is registered, as text: the names that recipes and the command line take, their fields and defaults."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from semlink.channels import CHANNELS
from semlink.codecs import CODECS
from semlink.experiments.recipe import load_recipe, packaged_recipes
from semlink.registry import choose, fields_of
from semlink.simulator.metrics import METRICS
from semlink.simulator.sources import SOURCES
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.methods import METHODS

REGISTRIES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "channels": CHANNELS,
    "codecs": CODECS,
    "sources": SOURCES,
    "metrics": METRICS,
    "methods": METHODS,
    "audits": AUDITS,
}


def listing(kind: str) -> str:
    """Every entry of one registry, or of all: name, first line of its documentation, fields with their defaults.

    Errors: UnknownName for another kind.
    """
    kinds = {**REGISTRIES, "recipes": {}}
    if kind != "all":
        choose("kind of entry", {**kinds, "all": {}}, kind)
        kinds = {kind: kinds[kind]}
    return "\n\n".join(_section(name, table) for name, table in kinds.items())


def _section(kind: str, table: Mapping[str, Callable[..., Any]]) -> str:
    if kind == "recipes":
        told = [f"  {name}: {load_recipe(name).experiment}" for name in packaged_recipes()]
    else:
        told = [_entry(name, make) for name, make in table.items()]
    return "\n".join([f"{kind}:", *told])


def _entry(name: str, make: Callable[..., Any]) -> str:
    summary = (inspect.getdoc(make) or "").splitlines()[0]
    fields = [
        field if default is inspect.Parameter.empty else f"{field}={default}"
        for field, (_, default) in fields_of(make).items()
    ]
    return "\n".join([f"  {name}: {summary}", *([f"    {', '.join(fields)}"] if fields else [])])
