"""What is read from the source of an entry is what the loaded class says."""

import importlib

import pytest

from semlink.experiments.workflow.entry_source import read_entry
from semlink.experiments.workflow.listing import REGISTRIES, loaded_entry
from semlink.registry import Registry


def _registry(kind: str) -> object:
    module, _, table = REGISTRIES[kind].partition(":")
    return getattr(importlib.import_module(module), table)


@pytest.mark.parametrize("kind", REGISTRIES)
def test_the_source_and_the_class_say_the_same(kind: str) -> None:
    registry = _registry(kind)
    for name in registry if isinstance(registry, Registry) else ():
        text = read_entry(registry.place_of(name))
        assert text is None or text == loaded_entry(registry[name]), name


@pytest.mark.parametrize("kind", ["channels", "sources"])
def test_they_are_read_from_their_source(kind: str) -> None:
    registry = _registry(kind)
    assert isinstance(registry, Registry)
    assert all(read_entry(registry.place_of(name)) for name in registry)


def test_what_is_not_in_semlink_is_not_read() -> None:
    assert read_entry("somebody.channels:Rain") is None
    assert read_entry("semlink.channels.awgn:Rain") is None
