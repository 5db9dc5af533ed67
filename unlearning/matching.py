"""Which records a request means."""

import difflib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from semlink.codecs.text.words import MARK, folded, name_words, phrase
from semlink.errors import ErasureError
from semlink.simulator.sources.contract import SPLITS, Record, Source
from semlink.unlearning.near_misses import WordIndex
from semlink.unlearning.request import By, ErasureRequest

Key = int | str
SUGGESTED = 3  # names in an error


@dataclass(frozen=True)
class Matcher:
    """Tells the records that a request means from the others.

    wanted: what a record must have to match -> how the request writes it. Of a term it is its folded words, with
            single spaces between.
    names:  of it: terms of several words. labels: the classes that are meant. terms: the terms, folded, for metrics.
    """

    by: By
    wanted: Mapping[Key, str]
    names: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()
    terms: tuple[str, ...] = ()

    def keys(self, record: Record) -> Set[Key]:
        """What a record is matched by: of a text its words, and those terms of several words that stand in it."""
        match self.by:
            case "id":
                return {record.id}
            case "owner":
                return {record.owner}
            case "label":
                return set() if record.label is None else {record.label}
            case "term":
                text = phrase(record.payload)
                found: set[Key] = {*text.split(), *(name for name in self.names if f" {name} " in text)}
                return found - {MARK}

    def matches(self, record: Record) -> bool:
        """Whether the request means the record."""
        return not self.wanted.keys().isdisjoint(self.keys(record))


def matcher(source: Source, request: ErasureRequest) -> Matcher:
    """What a request means among records of a source.

    Errors: ErasureError when the source has no such property (labels, or words for terms), there is no class of a name,
            or a term holds no word. Values that no record has are no error here: see `check_present`.
    """
    by, values = request.selection.by, request.selection.values
    match by:
        case "label":
            if not source.labels:
                raise ErasureError(f"The records of {source.name} have no labels; select by id, owner or term.")
            wanted: dict[Key, str] = {label_number(source.name, source.labels, value): value for value in values}
            return Matcher(by, wanted, labels=tuple(map(int, wanted)))
        case "term":
            if source.modality != "text":
                raise ErasureError(
                    f"The records of {source.name} are images without words; select by id, owner or label."
                )
            for value in values:
                if not name_words(value):
                    raise ErasureError(
                        f'The term "{value}" holds no word; write a word, or several that stand together.'
                    )
            wanted = {" ".join(name_words(value)): value for value in values}
            names = tuple(str(name) for name in wanted if " " in str(name))
            return Matcher(by, wanted, names, terms=tuple(dict.fromkeys(folded(value) for value in values)))
        case _:
            return Matcher(by, {value: value for value in values})


def check_present(source: Source, meant: Matcher) -> None:
    """Errors: ErasureError when a value is in no record of any split; the sentence names what there is instead."""
    known = {key for split in SPLITS for record in source.split(split) for key in meant.keys(record)}
    for key, value in meant.wanted.items():
        if key not in known:
            raise ErasureError(
                f'No record of {source.name} has the {meant.by} "{value}".{_instead(source, meant, key)}'
            )


def label_number(name: str, labels: Sequence[str], value: str) -> int:
    """The number of a class. A name goes before a number, since classes may be named by digits.

    Errors: ErasureError when there is no such class.
    """
    if value in labels:
        return labels.index(value)
    if value.isascii() and value.isdigit() and int(value) < len(labels):
        return int(value)
    raise ErasureError(f'{name} has no label "{value}".{_suggestion(_close(value, labels) or labels)}')


def _instead(source: Source, meant: Matcher, key: Key) -> str:
    """What a record might have been meant by, as the end of an error sentence."""
    records = [record for split in SPLITS for record in source.split(split)]
    if meant.by == "label":
        return _suggestion(sorted({source.labels[label] for label in map(_label_of, records) if label is not None}))
    own = {record.id if meant.by == "id" else record.owner for record in records} if meant.by != "term" else ()
    if meant.by != "term":
        return _suggestion(_close(str(key), own) or sorted(own))
    index = WordIndex.of(record.payload for record in records)
    words = str(key).split()
    if all(word in index.counts for word in words):
        return f" It has {' and '.join(map(repr, words))}, but not together."
    if near := list(index.near(str(key))):
        return _suggestion(near)
    owners = {record.owner for record in records}
    if folded(meant.wanted[key]) in map(folded, owners):
        return " It is an owner; select by owner."
    return _suggestion(_close(str(key), (word for word in index.counts if word[0] == str(key)[0])))


def _label_of(record: Record) -> int | None:
    return record.label


def _close(value: str, names: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(value, sorted(names), n=SUGGESTED)


def _suggestion(names: Sequence[str]) -> str:
    return f" Did you mean one of: {', '.join(names[:SUGGESTED])}?" if names else ""
