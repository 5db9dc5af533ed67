"""A user's own records: owners, labels and splits as their files say, or by the rules for what these leave out."""

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from semlink.errors import SourceError
from semlink.simulator.sources.contract import SPLITS, Record, Source, SplitName
from semlink.simulator.sources.splits import split_of_few, thin
from semlink.untrusted import cut

SplitBy = Literal["record", "owner"]
ALIASES: dict[str, SplitName] = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test", "eval": "test",
}  # how files call the splits  # fmt: skip


@dataclass(frozen=True)
class OwnRecord:
    """A record as its file has it.

    content: a digest of what it says or shows, whatever its id. owner, label, split: None where the file names none.
    place: where it is written, for error sentences.
    """

    id: str
    payload: Any
    content: str
    place: str
    owner: str | None = None
    label: str | None = None
    split: SplitName | None = None


@dataclass(frozen=True)
class Arrangement:
    """How records become a source.

    where: the file or folder, for error sentences. owner: of all records, where the files name none.
    labels: the names of the classes; empty: those that the records have, in order. split_by: what is never divided.
    limit: at most so many records of each split, evenly spaced.
    """

    where: Path
    owner: str
    labels: Sequence[str] = ()
    split_by: SplitBy = "record"
    limit: int | None = None
    notes: list[str] = field(default_factory=list)

    def source(self, name: str, modality: Literal["text", "image"], records: Sequence[OwnRecord]) -> Source:
        """The source.

        Splits that the files name are kept, and a record of equal content in two of them stays in the later one alone.
        Where they name no validation or no test records, a tenth of the training records, by the hash of their content
        or of their owner, becomes that split.

        Errors: SourceError when an id stands there twice, when some records have an owner, label or split and others
                have not, when a label is not among `labels`, and when a division by owners leaves a split empty.
        """
        self._check_ids(records)
        for facet in ("owner", "label", "split"):
            self._check_all_or_none(records, facet)
        if records[0].owner is None:
            if self.split_by == "owner":
                raise SourceError(
                    f"{self.where} names no owners to split by; add a column owner, or leave out split_by."
                )
            records = [replace(record, owner=self.owner) for record in records]
        labels = self._classes(records)
        numbers = {label: number for number, label in enumerate(labels)}
        splits = {
            split: thin([_record(record, numbers) for record in part], self.limit)
            for split, part in self._divided(records).items()
        }
        for note in self.notes:
            tell_once(note)
        return Source(name, modality, splits["train"], splits["validation"], splits["test"], labels)

    def _check_ids(self, records: Sequence[OwnRecord]) -> None:
        places: dict[str, str] = {}
        for record in records:
            if record.id in places:
                raise SourceError(
                    f'The id "{cut(record.id)}" stands at {places[record.id]} and again at {record.place}; give each '
                    "record its own."
                )
            places[record.id] = record.place

    def _check_all_or_none(self, records: Sequence[OwnRecord], facet: str) -> None:
        missing = [record for record in records if getattr(record, facet) is None]
        if 0 < len(missing) < len(records):
            raise SourceError(
                f"{len(missing)} of {len(records)} records of {self.where} have no {facet}, the first at "
                f"{missing[0].place}; give one to all or to none."
            )

    def _classes(self, records: Sequence[OwnRecord]) -> tuple[str, ...]:
        found = {record.label for record in records if record.label is not None}
        if not self.labels:
            numeric = all(label.isdecimal() for label in found)
            return tuple(sorted(found, key=lambda label: (int(label), label) if numeric else (0, label)))
        if unknown := sorted(found - set(self.labels)):
            raise SourceError(
                f'The label "{cut(unknown[0])}" in {self.where} is not among labels={list(self.labels)}; add it there.'
            )
        return tuple(self.labels)

    def _divided(self, records: Sequence[OwnRecord]) -> dict[SplitName, list[OwnRecord]]:
        parts: dict[SplitName, list[OwnRecord]] = {split: [] for split in SPLITS}
        for record in records:
            parts[record.split or "train"].append(record)
        if parts["train"]:
            shares = [0.0 if parts[split] else 0.1 for split in ("validation", "test")]
            keys = [f"{record.owner if self.split_by == 'owner' else record.content}" for record in parts["train"]]
            train, validation, test = split_of_few(parts["train"], keys, *shares)
            parts = {
                "train": train,
                "validation": validation or parts["validation"],
                "test": test or parts["test"],
            }
        parts = self._unrepeated(parts)
        if self.split_by == "owner":
            self._tell_owners(parts)
        return parts

    def _unrepeated(self, parts: dict[SplitName, list[OwnRecord]]) -> dict[SplitName, list[OwnRecord]]:
        later: set[str] = set()
        kept: dict[SplitName, list[OwnRecord]] = {}
        for split in reversed(SPLITS):
            kept[split] = [record for record in parts[split] if record.content not in later]
            later |= {record.content for record in parts[split]}
        left_out = sum(map(len, parts.values())) - sum(map(len, kept.values()))
        if left_out:
            self.notes.append(
                f"Of {self.where}, left out of an earlier split: {left_out} records that a later one has."
            )
        return kept

    def _tell_owners(self, parts: dict[SplitName, list[OwnRecord]]) -> None:
        owners = {split: {record.owner for record in part} for split, part in parts.items()}
        for split in SPLITS:
            if not parts[split]:
                raise SourceError(
                    f"{self.where} has {len(set().union(*owners.values()))} owners, too few to split by: none is in "
                    f"{split}; name the splits in a column split, or leave out split_by."
                )
        told = ", ".join(f"{len(owners[split])} {split} ({len(parts[split])} records)" for split in SPLITS)
        shared = len(owners["train"] & (owners["validation"] | owners["test"]))
        kept_apart = f" {shared} of them are in train and elsewhere, as its column split says." if shared else ""
        self.notes.append(f"Owners of {self.where}: {told}.{kept_apart}")


def split_named(value: str | None, place: str) -> SplitName | None:
    """A split by the name that a file gives it. Errors: SourceError for another name."""
    if value is None:
        return None
    if value.lower() not in ALIASES:
        raise SourceError(f'There is no split "{cut(value)}", as {place} has it; write train, validation or test.')
    return ALIASES[value.lower()]


def _record(record: OwnRecord, numbers: dict[str, int]) -> Record:
    assert record.owner is not None
    return Record(record.id, record.payload, record.owner, None if record.label is None else numbers[record.label])


@functools.cache
def tell_once(sentence: str) -> None:
    """Says something once a process."""
    logging.getLogger(__name__).warning("%s", sentence)
