"""Which versions of one codec are compared: the erased and the retrained one with the original and the retrained."""

from typing import Any

from semlink.simulator.sweep import Entry
from semlink.unlearning.comparisons import compared_pairs

CODEC: Any = None  # nobody looks into it


def _pairs(*labels: tuple[str, str]) -> list[tuple[str, str]]:
    """The compared entries, each as its method."""
    entries = [Entry(CODEC, name, version, str(place)) for place, (name, version) in enumerate(labels)]
    return [(entries[index].method, entries[other].method) for index, other in compared_pairs(entries)]


def test_three_versions() -> None:
    pairs = _pairs(("a", "original"), ("a", "erased"), ("a", "retrained"))
    assert pairs == [("1", "0"), ("1", "2"), ("2", "0")]


def test_order_of_entries_decides_the_order_of_pairs() -> None:
    assert _pairs(("a", "retrained"), ("a", "erased"), ("a", "original")) == [("0", "2"), ("1", "0"), ("1", "2")]


def test_the_first_of_several_retrained_codecs_is_subtracted() -> None:
    pairs = _pairs(("a", "original"), ("a", "erased"), ("a", "erased"), ("a", "retrained"), ("a", "retrained"))
    assert pairs == [("1", "0"), ("1", "3"), ("2", "0"), ("2", "3"), ("3", "0"), ("4", "0"), ("4", "3")]


def test_other_codecs_are_not_compared() -> None:
    assert _pairs(("a", "original"), ("b", "erased"), ("c", "original")) == []
    assert _pairs() == []
