"""Which split a record belongs to, from its id or another key alone, so that a new record never moves an old one."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

from semlink.errors import WrongField
from semlink.simulator.sources.contract import Record

T = TypeVar("T")


def split_by_id(
    records: Iterable[Record], validation: float = 0.1, test: float = 0.1
) -> tuple[list[Record], list[Record], list[Record]]:
    """Train, validation and test records, in the order given; the shares hold on average."""
    listed = list(records)
    return split_by_key(listed, [record.id for record in listed], validation, test)


def split_by_key(
    items: Sequence[T], keys: Sequence[str], validation: float = 0.1, test: float = 0.1
) -> tuple[list[T], list[T], list[T]]:
    """The same by a key of each item; items with equal keys stay together."""
    splits: tuple[list[T], list[T], list[T]] = ([], [], [])
    for item, key in zip(items, keys, strict=True):
        digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
        position = int.from_bytes(digest, "big") / 2**64
        splits[1 if position < validation else 2 if position < validation + test else 0].append(item)
    return splits


def thin(records: Sequence[Record], limit: int | None) -> Sequence[Record]:
    """At most `limit` of the records, evenly spaced and always the same ones."""
    count = len(records) if limit is None else min(limit, len(records))
    return [records[index * len(records) // count] for index in range(count)]


def check_limit(limit: int | None) -> None:
    """Errors: WrongField when a limit on the number of records is below 1."""
    if limit is not None and limit < 1:
        raise WrongField(f"A source cannot take limit={limit}; give a number of records, at least 1.")
