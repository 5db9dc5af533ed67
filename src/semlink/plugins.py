"""Plug-ins: channels, codecs, sources, metrics, methods and audits from outside semlink.

A plug-in is a Python file that registers classes as it is run, or an installed package with entry points, or a class
that a script or notebook registers. Files are loaded only where the user names them, never because a stored thing does.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from semlink.registry import Plugin, Registry, choose

KINDS: Mapping[str, str] = {
    "channel": "semlink.channels:CHANNELS",
    "codec": "semlink.codecs:CODECS",
    "source": "semlink.simulator.sources:SOURCES",
    "metric": "semlink.simulator.metrics:METRICS",
    "method": "semlink.unlearning.methods:METHODS",
    "audit": "semlink.unlearning.audits:AUDITS",
}


def registry_of(kind: str) -> Registry[Any]:
    """The registry of a kind of entry. Errors: UnknownName."""
    module, _, table = choose("kind of plug-in", KINDS, kind).partition(":")
    registry: Registry[Any] = getattr(importlib.import_module(module), table)
    return registry


def register(kind: str, name: str, entry: type, plugin: Plugin | None = None) -> None:
    """Adds a class to the registry of its kind. Errors: UnknownName; PluginError."""
    registry_of(kind).register(name, entry, plugin)
