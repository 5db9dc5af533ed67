"""Divides the records of a source by an erasure request."""

import contextlib
import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from semlink.errors import ErasureError
from semlink.simulator.sources.contract import SPLITS, Record, Source
from semlink.unlearning.contract import Partition
from semlink.unlearning.request import ErasureRequest

Key = int | str
WORD = re.compile(r"\w+(?:['’]\w+)*")
PART = re.compile(r"\w+")


def divide(
    source: Source,
    request: ErasureRequest,
    before: Sequence[ErasureRequest] = (),
    after: Sequence[ErasureRequest] = (),
    may_be_gone: bool = False,
) -> Partition:
    """The training records to forget and to retain, and the held-out records that the request does not match.

    The order of the source is kept. Matching records of the validation split are dropped too: training chose the
    weights by them.

    In:     before: requests that were carried out earlier; what they match is in no set. after: others that a codec
            under test carries; what they match is in no set but `forget`. may_be_gone: whether no training record
            need match any more, since the owner of the data deleted those that did.
    Errors: ErasureError when a value is in no record at all, when no training record or every one of them matches,
            and when the source has no such property (labels, or words for terms).
    """
    keys_of = _keys_of(source, request)
    wanted = _wanted(source, request)
    known = {key for split in SPLITS for record in source.split(split) for key in keys_of(record)}
    for key, value in wanted.items():
        if key not in known and not may_be_gone:
            names = source.labels if request.selection.by == "label" else map(str, known)
            raise ErasureError(
                f'No record of {source.name} has the {request.selection.by} "{value}".{_near(value, names)}'
            )

    def matches(record: Record) -> bool:
        return not wanted.keys().isdisjoint(keys_of(record))

    source = without(source, before)
    train = [(record, matches(record)) for record in source.train]
    forget = [record for record, match in train if match]
    retain = [record for record, match in train if not match]
    if not forget and not may_be_gone:
        others = " that earlier requests have not erased already" if before else ""
        raise ErasureError(
            f"Request {request.id} matches no training record of {source.name}{others}: there is nothing to forget."
        )
    if not retain:
        raise ErasureError(
            f"Request {request.id} matches every training record of {source.name}; narrow its selection."
        )
    gone = matching(source, after)
    return Partition(
        forget=forget,
        retain=[record for record in retain if not gone(record)],
        validation=[record for record in source.validation if not matches(record) and not gone(record)],
        test=[record for record in source.test if not matches(record) and not gone(record)],
        terms=tuple(map(str, wanted)) if request.selection.by == "term" else (),
        forget_test=[record for record in source.test if matches(record)],
        labels=tuple(map(int, wanted)) if request.selection.by == "label" else (),
    )


def without(source: Source, requests: Sequence[ErasureRequest]) -> Source:
    """The source less the records of its splits that requests match; probes stay, which no training ever saw."""
    if not requests:
        return source
    gone = matching(source, requests)
    train, validation, test = (
        [record for record in records if not gone(record)] for records in (source.train, source.validation, source.test)
    )
    return replace(source, train=train, validation=validation, test=test)


def matching(source: Source, requests: Sequence[ErasureRequest]) -> Callable[[Record], bool]:
    """Whether a record of a source is matched by any of some requests, which may have been made for another source."""
    rules = []
    for request in requests:
        with contextlib.suppress(ErasureError):  # words of images, or a class that this source does not have
            rules.append((_keys_of(source, request), _wanted(source, request).keys()))
    return lambda record: any(not wanted.isdisjoint(keys_of(record)) for keys_of, wanted in rules)


def without_data(labels: Sequence[str], request: ErasureRequest) -> Partition:
    """A partition without any records, for methods that read none: only the classes that a request names.

    In:     labels: the names of the classes.
    Errors: ErasureError when the request selects by something else, or a class is not there.
    """
    if request.selection.by != "label":
        raise ErasureError(
            f"Without data nobody can tell which records have the {request.selection.by} that request {request.id} "
            "names; select by label, or choose a method that reads records."
        )
    numbers = tuple(_label("The codec", labels, value) for value in request.selection.values)
    if len(set(numbers)) == len(labels):
        raise ErasureError(f"Request {request.id} matches every class of the codec; narrow its selection.")
    return Partition((), (), (), (), labels=numbers)


def _keys_of(source: Source, request: ErasureRequest) -> Callable[[Record], Iterable[Key]]:
    """What a record is matched by."""
    match request.selection.by:
        case "id":
            return lambda record: (record.id,)
        case "owner":
            return lambda record: (record.owner,)
        case "label":
            if not source.labels:
                raise ErasureError(f"The records of {source.name} have no labels; select by id, owner or term.")
            return lambda record: () if record.label is None else (record.label,)
        case "term":
            if source.modality != "text":
                raise ErasureError(
                    f"The records of {source.name} are images without words; select by id, owner or label."
                )
            return lambda record: _words(record.payload)


def _words(text: str) -> set[str]:
    """Words as written and what apostrophes join: a request for "Smith" has to reach "Smith's" too."""
    folded = _folded(text)
    return {*WORD.findall(folded), *PART.findall(folded)}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _wanted(source: Source, request: ErasureRequest) -> dict[Key, str]:
    """What a record must have to match, and how the request writes it."""
    values = request.selection.values
    match request.selection.by:
        case "label":
            return {_label(source.name, source.labels, value): value for value in values}
        case "term":
            for value in values:
                if not WORD.fullmatch(_folded(value)):
                    raise ErasureError(f'The term "{value}" is not one word; give each word as a value of its own.')
            return {_folded(value): value for value in values}
        case _:
            return {value: value for value in values}


def _label(name: str, labels: Sequence[str], value: str) -> int:
    """The number of a class. A name goes before a number, since classes may be named by digits."""
    if value in labels:
        return labels.index(value)
    if value.isascii() and value.isdigit() and int(value) < len(labels):
        return int(value)
    raise ErasureError(f'{name} has no label "{value}".{_near(value, labels)}')


def _near(value: str, names: Iterable[str]) -> str:
    ordered = sorted(names)
    close = difflib.get_close_matches(value, ordered, n=3) or ordered[:3]
    return f" Did you mean one of: {', '.join(close)}?"
