"""Digests tell added, changed and lost records apart, allow for erased ones, and tell nothing without their key."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semlink.errors import SourceError
from semlink.simulator.sources.contract import SPLITS, Record, Source
from semlink.simulator.sources.record_digests import RecordDigests

RECORDS = [Record(f"r{number}", f"sentence {number}", f"owner {number % 3}", number % 2) for number in range(30)]
SOURCE = Source("toy", "text", RECORDS[:20], RECORDS[20:25], RECORDS[25:])
DIGESTS = RecordDigests.of(SOURCE)


def less(source: Source, gone: set[str]) -> Source:
    splits = {split: [record for record in source.split(split) if record.id not in gone] for split in SPLITS}
    return replace(source, **splits)


def test_stored_and_restored() -> None:
    again = RecordDigests.restored(DIGESTS.stored())
    assert again == DIGESTS
    assert again.matched(SOURCE, frozenset()) == SOURCE
    images = replace(SOURCE, modality="image", train=[Record("i", np.zeros((2, 2), np.uint8), "o")])
    digests = RecordDigests.of(images)
    changed = replace(images, train=[Record("i", np.zeros((4, 1), np.uint8), "o")])
    with pytest.raises(SourceError, match="was changed"):
        digests.matched(changed, frozenset())
    for damaged in (
        b"",
        b"[]",
        b'{"key": 1, "splits": {}}',
        DIGESTS.stored()[:-9],
        b'{"key": "00", "splits": {"train": "AA=="}}',
    ):
        with pytest.raises(SourceError, match="damaged"):
            RecordDigests.restored(damaged)


@given(gone=st.sets(st.sampled_from([record.id for record in RECORDS])), present=st.sets(st.sampled_from(range(30))))
def test_erased_records_may_be_missing_or_there(gone: set[str], present: set[int]) -> None:
    """Whatever of the erased records is still there, the others stay in their splits and in their order."""
    erased = frozenset(DIGESTS.of_id(record_id) for record_id in gone)
    left = less(SOURCE, gone - {f"r{number}" for number in present})
    assert DIGESTS.matched(left, erased) == left
    moved = replace(left, train=[*left.test, *left.train], test=[])  # as a limit or another order would give them
    assert DIGESTS.matched(moved, erased) == left


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: replace(s, train=[*s.train, Record("new", "x", "o")]), "record new of toy was not there"),
        (
            lambda s: replace(s, test=[replace(s.test[0], payload="other"), *s.test[1:]]),
            "record r25 of toy was changed",
        ),
        (lambda s: replace(s, train=[replace(s.train[0], owner="b"), *s.train[1:]]), "record r0 of toy was changed"),
        (lambda s: less(s, {"r3", "r4"}), "2 records of toy are missing that no request erased from this codec"),
    ],
)
def test_what_no_request_explains(change: Callable[[Source], Source], sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        DIGESTS.matched(change(SOURCE), frozenset({DIGESTS.of_id("r9")}))


def test_a_limited_source_may_hold_others_and_uncounted_requests_any_gap() -> None:
    more = replace(SOURCE, train=[Record("new", "x", "o"), *SOURCE.train])
    assert DIGESTS.matched(more, frozenset(), complete=False) == SOURCE
    assert DIGESTS.matched(less(SOURCE, {"r3"}), frozenset(), all_known=False) == less(SOURCE, {"r3"})


def test_without_the_key_digests_tell_nothing() -> None:
    """Two trainings on the same records share no digest, so that nobody can look a known record up."""
    other = RecordDigests.of(SOURCE)
    mine, theirs = (
        {digest for pairs in d.splits.values() for pair in pairs for digest in pair} for d in (DIGESTS, other)
    )
    assert not mine & theirs
