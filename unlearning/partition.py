"""Divides the records of a source by an erasure request."""

from collections.abc import Sequence

from semlink.errors import ErasureError
from semlink.simulator.sources.contract import Source
from semlink.unlearning.contract import Partition
from semlink.unlearning.matching import check_present, label_number, matcher
from semlink.unlearning.request import ErasureRequest


def divide(source: Source, request: ErasureRequest) -> Partition:
    """The training records to forget and to retain, and the held-out records that the request does not match.

    The order of the source is kept. Matching records of the validation split are dropped too: training chose the
    weights by them.

    Errors: ErasureError when a value is in no record at all, when no training record or every one of them matches,
            and when the source has no such property (labels, or words for terms).
    """
    meant = matcher(source, request)
    check_present(source, meant)
    matches = meant.matches
    train = [(record, matches(record)) for record in source.train]
    forget = [record for record, match in train if match]
    retain = [record for record, match in train if not match]
    if not forget:
        raise ErasureError(
            f"Request {request.id} matches no training record of {source.name}: there is nothing to forget."
        )
    if not retain:
        raise ErasureError(
            f"Request {request.id} matches every training record of {source.name}; narrow its selection."
        )
    return Partition(
        forget=forget,
        retain=retain,
        validation=[record for record in source.validation if not matches(record)],
        test=[record for record in source.test if not matches(record)],
        terms=meant.terms,
        forget_test=[record for record in source.test if matches(record)],
        labels=meant.labels,
    )


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
