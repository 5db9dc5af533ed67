"""A request divides the records completely, and says why when it cannot."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semlink.errors import ErasureError
from semlink.simulator.sources.contract import Record, Source
from semlink.unlearning.partition import divide, matching
from semlink.unlearning.request import ErasureRequest, request_from

TEXTS = ("Mr Ray spoke.", "RAY's array is here", "An array of rays", "Nobody spoke", "O'Neill left", "Zoë's café")


def texts(*payloads: str) -> Source:
    records = [Record(f"line-{index}", payload, "team") for index, payload in enumerate(payloads)]
    return Source("lines", "text", records, records, records)


def request(by: str, *values: object) -> ErasureRequest:
    content = {"id": "r", "time": "2026-03-01", "reason": "asked"}
    return request_from({**content, "selection": {"by": by, "values": list(values)}}, "a test")


@given(
    owners=st.tuples(*[st.lists(st.sampled_from("abc"), max_size=12)] * 3),
    wanted=st.sets(st.sampled_from("abc"), min_size=1),
)
def test_sets_are_disjoint_and_complete(owners: tuple[list[str], ...], wanted: set[str]) -> None:
    splits = [[Record(f"{s}-{i}", "x", owner) for i, owner in enumerate(owners[s])] for s in range(3)]
    source = Source("any", "text", splits[0], splits[1], splits[2])
    try:
        partition = divide(source, request("owner", *sorted(wanted)))
    except ErasureError:
        present = set(owners[0]) | set(owners[1]) | set(owners[2])
        assert not wanted <= present or not wanted & set(owners[0]) or set(owners[0]) <= wanted
        return
    assert partition.forget == [record for record in splits[0] if record.owner in wanted]
    assert partition.retain == [record for record in splits[0] if record.owner not in wanted]
    assert partition.validation == [record for record in splits[1] if record.owner not in wanted]
    assert partition.test == [record for record in splits[2] if record.owner not in wanted]
    assert partition.forget
    assert partition.retain


@pytest.mark.parametrize(
    ("term", "matched"),
    [
        ("ray", [0, 1]),
        ("RAY", [0, 1]),
        ("array", [1, 2]),
        ("o'neill", [4]),
        ("neill", [4]),
        ("zoe\u0308", [5]),
        ("Mr Ray", [0]),
    ],
)
def test_terms_are_whole_words(term: str, matched: list[int]) -> None:
    partition = divide(texts(*TEXTS), request("term", term))
    assert [record.id for record in partition.forget] == [f"line-{index}" for index in matched]
    assert len(partition.test) == len(TEXTS) - len(matched)
    assert len(partition.terms) == 1
    assert partition.terms[0].islower()


def test_labels_by_number_and_by_name(source: Source, request_for: Callable[..., ErasureRequest]) -> None:
    by_number, by_name = (divide(source, request_for("label", value)) for value in (1, "b"))
    assert {record.label for record in by_number.forget} == {1}
    assert by_number == by_name
    assert by_number.terms == ()
    digits = Source("digits", "image", source.train, source.validation, source.test, ("1", "0", "2"))
    assert {record.label for record in divide(digits, request_for("label", "0")).forget} == {1}


@pytest.mark.parametrize(
    ("by", "values", "sentence"),
    [
        ("owner", ["anne"], 'has the owner "anne". Did you mean one of: ann'),
        ("id", ["train-0", "trian-1"], 'the id "trian-1". Did you mean one of: train-1'),
        ("label", ["bb"], 'no label "bb". Did you mean one of: b?'),
        ("label", [3], 'no label "3"'),
        ("id", ["validation-1"], "matches no training record"),
        ("label", ["a", "b", "c"], "matches every training record"),
        ("term", ["ray"], "images without words"),
    ],
)
def test_errors(
    source: Source, request_for: Callable[..., ErasureRequest], by: str, values: list[object], sentence: str
) -> None:
    with pytest.raises(ErasureError) as caught:
        divide(source, request_for(by, *values))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("by", "value", "sentence"),
    [
        ("term", "spok", "Did you mean one of: spoke"),
        ("term", "Ray Mr", "It has 'ray' and 'mr', but not together."),
        ("term", "?!", "holds no word"),
        ("term", "team", "It is an owner"),
        ("label", "0", "have no labels; select by id, owner or term"),
    ],
)
def test_errors_of_text(by: str, value: str, sentence: str) -> None:
    with pytest.raises(ErasureError) as caught:
        divide(texts(*TEXTS), request(by, value))
    assert sentence in str(caught.value)


def test_a_request_for_several_classes_reaches_those_that_another_source_has() -> None:
    records = [Record(f"r{number}", None, "o", number) for number in range(3)]
    few = Source("few", "image", records, [], [], ("0", "1", "2"))
    gone = matching(few, [request("label", "7", "1")])
    assert [gone(record) for record in few.train] == [False, True, False]
