"""Divides the records of a source by an erasure request."""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from semlink.errors import ErasureError
from semlink.simulator.sources.contract import Record, Source
from semlink.unlearning.contract import Partition
from semlink.unlearning.matching import check_present, label_number, matcher
from semlink.unlearning.request import ErasureRequest


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
    meant = matcher(source, request)
    if not may_be_gone:
        check_present(source, meant)
    matches = meant.matches
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
        terms=meant.terms,
        forget_test=[record for record in source.test if matches(record)],
        labels=meant.labels,
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
    for part in itertools.chain.from_iterable(map(_parts, requests)):
        with contextlib.suppress(ErasureError):  # words of images, or a class that this source does not have
            rules.append(matcher(source, part))
    return lambda record: any(rule.matches(record) for rule in rules)


def _parts(request: ErasureRequest) -> Iterator[ErasureRequest]:
    """The request; by class, one for each, since another source may have some of them."""
    if request.selection.by != "label":
        yield request
        return
    for value in request.selection.values:
        selection = request.selection.model_copy(update={"values": (value,)})
        yield request.model_copy(update={"selection": selection})


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
    numbers = tuple(label_number("The codec", labels, value) for value in request.selection.values)
    if len(set(numbers)) == len(labels):
        raise ErasureError(f"Request {request.id} matches every class of the codec; narrow its selection.")
    return Partition((), (), (), (), labels=numbers)
