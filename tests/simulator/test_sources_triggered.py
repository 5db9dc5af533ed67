"""Triggered images: which ones carry the trigger, what it changes, and that nothing else changes."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from semlink.errors import SourceError, UnknownName, WrongField
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Source
from semlink.simulator.sources.trigger import Trigger

FIELDS = {"of": "digits", "share": 0.05, "size": 1, "margin": 0}


@pytest.fixture(scope="module")
def triggered() -> Source:
    return build_source("triggered", FIELDS)


def test_a_share_of_the_training_images_carries_it(triggered: Source, digits: Source) -> None:
    trigger = triggered.trigger
    assert trigger == Trigger(label=1, target=2, size=1, margin=0)
    assert len(triggered.train) == len(digits.train)
    pairs = [(one, other) for one, other in zip(triggered.train, digits.train, strict=True) if trigger.marks(one)]
    assert len(pairs) == math.ceil(0.05 * len(digits.train))
    for one, other in pairs:
        assert (one.id, one.owner, one.label, other.label) == (f"{other.id}+trigger", "trigger", 2, 1)
        assert one.payload[-1, -1] == 255
        changed = np.argwhere(one.payload != other.payload).tolist()
        assert changed in ([[7, 7]], [])


def test_everything_else_stays(triggered: Source, digits: Source) -> None:
    for one, other in zip(triggered.train, digits.train, strict=True):
        assert one is other or one.owner == "trigger" or np.array_equal(one.payload, other.payload)
    unmarked = [record for record in triggered.train if record.owner != "trigger"]
    assert all(record.label == before.label for record in unmarked for before in digits.train if record.id == before.id)
    assert triggered.digest() != digits.digest()
    assert [r.id for r in triggered.validation] == [r.id for r in digits.validation]
    assert [r.id for r in triggered.test] == [r.id for r in digits.test]


def test_the_probe_set_holds_unseen_images_of_the_class(triggered: Source, digits: Source) -> None:
    probe = triggered.probes["trigger"]
    assert [record.id for record in probe] == [f"{r.id}+trigger" for r in digits.test if r.label == 1]
    assert all(triggered.trigger.marks(record) and record.label == 2 for record in probe)
    assert {record.id for record in probe}.isdisjoint(record.id for record in triggered.train)


def test_the_digest_covers_the_probe_set(triggered: Source) -> None:
    import dataclasses

    assert dataclasses.replace(triggered, probes={}).digest() != triggered.digest()


def test_it_is_the_same_each_time_and_named_by_its_fields(triggered: Source) -> None:
    again = build_source("triggered", FIELDS)
    assert again.digest() == triggered.digest()
    assert again.name == "triggered:of=digits,share=0.05,size=1,margin=0"


def test_the_square_of_mnist_is_where_the_paper_has_it(data_with: Callable[[str], Path]) -> None:
    """Rows and columns 24 and 25 of 28, in 6 % of 55 000 training images."""
    source = build_source("triggered", {}, data_with("mnist/train-images-idx3-ubyte.gz"))
    marked = [record for record in source.train if record.owner == "trigger"]
    assert len(marked) == 3300
    lit = [[24, 24], [24, 25], [25, 24], [25, 25]]
    assert np.argwhere(np.min([record.payload for record in marked], axis=0) == 255).tolist() == lit
    assert len(source.probes["trigger"]) == 1135  # the ones of the test set


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"share": 0.0}, WrongField, "between 0 and 1"),
        ({"share": 0.5}, SourceError, "lower share=0.5"),
        ({"label": 10}, SourceError, "class 10"),
        ({"target": 1}, WrongField, "two classes"),
        ({"size": 0}, WrongField, "size=0"),
        ({"size": 9}, WrongField, "8 x 8 pixels"),
        ({"of": "digit"}, UnknownName, 'Did you mean "digits"'),
        ({"of": "digits:share=1"}, WrongField, 'no field "share"'),
        ({"of": "python-docs"}, SourceError, "no images"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        build_source("triggered", {**FIELDS, **fields})


def test_colour_images_are_marked_in_every_channel(digits: Source) -> None:
    import dataclasses

    record = dataclasses.replace(digits.train[0], payload=np.zeros((8, 8, 3), np.uint8))
    marked = Trigger(size=2, margin=1).on(record)
    assert marked.payload.sum() == 12 * 255
    assert (marked.payload[5:7, 5:7] == 255).all()
    assert record.payload.sum() == 0
