"""A request reaches every record that writes the name, however it is written, and no other."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from semlink.codecs.text.words import name_words
from semlink.errors import ErasureError
from semlink.simulator.sources.contract import Record, Source
from semlink.unlearning.matching import check_present, matcher
from semlink.unlearning.request import ErasureRequest, request_from

NAMED = {
    "O'Neill": ["Mr O'Neill spoke", "Mr O’Neill's reply", "o´neill left"],
    "Darcy": ["Mr _Darcy_ was proud", "(Darcy) came"],
    "Smith": ["Mr Ｓｍｉｔｈ came", "Mr Sm\u00adith came", "SMITH's", "Smith-Jones"],
    "李明": ["李明今天来了", "今天 李明 来了", "今天李 明"],
    "Jean-Claude": ["says Jean-Claude here", "says Jean Claude", "Jean\u2011Claude's"],
    "van der Berg": ["Mrs van der Berg asks", "Mrs Van Der Berg, who asks"],
    "हिन्दी": ["यह हिन्दी है", "हिन्दी।"],
    "தமிழ்": ["இது தமிழ் மொழி"],
    "שלום": ["הוא שָׁלוֹם שם", "שלום כאן"],
    "محمد": ["قال مُحَمَّد هنا", "محمد"],
    "İnci": ["dün inci geldi", "İNCİ", "i̇nci"],
    "Işık": ["IŞIK geldi", "ışık geldi"],
    "สมชาย": ["วันนี้สมชายมา"],
    "田中": ["昨日、田中さんが来た"],
}
OTHERS = ["this is another one", "Smithson, Darcys", "Jean, Claude", "李小明", "der Berg van"]


def source_of(*payloads: str) -> Source:
    return Source("lines", "text", [Record(f"r{n}", text, "f") for n, text in enumerate(payloads)], [], [])


def request(*values: str, by: str = "term") -> ErasureRequest:
    content = {"id": "r", "time": "2026-03-01", "reason": "asked", "selection": {"by": by, "values": list(values)}}
    return request_from(content, "a test")


@pytest.mark.parametrize("name", NAMED)
def test_every_writing_of_a_name_and_no_other(name: str) -> None:
    source = source_of(*NAMED[name], *OTHERS)
    meant = matcher(source, request(name))
    check_present(source, meant)
    assert [meant.matches(record) for record in source.train] == [True] * len(NAMED[name]) + [False] * len(OTHERS)


LETTERS = st.text(st.characters(categories=["Ll", "Lu", "Lo", "Mn", "Mc"]), min_size=1, max_size=8)


@settings(max_examples=300, deadline=None)
@given(name=st.lists(LETTERS, min_size=1, max_size=3), mark=st.sampled_from([".", ",", "!", " (", "。"]))
def test_a_name_is_found_in_its_own_sentence(name: list[str], mark: str) -> None:
    written = "-".join(name)
    source = source_of(f"today {' '.join(name)} {mark} came", f"_{written}_")
    assume(name_words(written))  # not only characters that are not seen
    meant = matcher(source, request(written))
    assert all(meant.matches(record) for record in source.train)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("webr", "Did you mean one of: weber?"),
        ("Mueller", "Did you mean one of: müller?"),
        ("Jean Weber", "It has 'jean' and 'weber', but not together."),
        ("--", "holds no word"),
    ],
)
def test_a_name_that_is_not_there_suggests_what_is(value: str, sentence: str) -> None:
    source = source_of("Mr Weber spoke", "Jean left", "Frau Müller kam")
    with pytest.raises(ErasureError) as caught:
        check_present(source, matcher(source, request(value)))
    assert sentence in str(caught.value)


def test_ids_and_owners_are_taken_as_they_are() -> None:
    source = source_of("a b", "c d")
    assert [matcher(source, request("r1", by="id")).matches(record) for record in source.train] == [False, True]
    assert not matcher(source, request("F", by="owner")).matches(source.train[0])
