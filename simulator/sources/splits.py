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
        place = _position(key)
        splits[1 if place < validation else 2 if place < validation + test else 0].append(item)
    return splits


def split_of_few(
    items: Sequence[T], keys: Sequence[str], validation: float, test: float
) -> tuple[list[T], list[T], list[T]]:
    """As `split_by_key`, but a split that is to have a share and got nothing takes the items of the next key.

    So it is with a handful of items. Where there are not enough keys, splits stay empty.
    """
    parts = split_by_key(list(zip(items, keys, strict=True)), keys, validation, test)
    for number, share in ((1, validation), (2, test)):
        spare = sorted({key for _, key in parts[0]}, key=_position)
        if share and not parts[number] and len(spare) > 1:
            parts[number].extend(pair for pair in parts[0] if pair[1] == spare[0])
            parts[0][:] = [pair for pair in parts[0] if pair[1] != spare[0]]
    train, held_out, unseen = ([item for item, _ in part] for part in parts)
    return train, held_out, unseen


def _position(key: str) -> float:
    """Where a key stands between 0 and 1."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") / 2**64


def thin(records: Sequence[Record], limit: int | None) -> Sequence[Record]:
    """At most `limit` of the records, evenly spaced and always the same ones."""
    count = len(records) if limit is None else min(limit, len(records))
    return [records[index * len(records) // count] for index in range(count)]


def check_limit(limit: int | None) -> None:
    """Errors: WrongField when a limit on the number of records is below 1."""
    if limit is not None and limit < 1:
        raise WrongField(f"A source cannot take limit={limit}; give a number of records, at least 1.")
