"""What a request nearly selects: by spelling, by form, by ending; and no more than that."""

from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semlink.unlearning.near_misses import WordIndex, distance, near_misses


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("weber", "webers"), ("weber", "webr"), ("weber", "wbeer"), ("katharina", "catherina"), ("müller", "mueller"),
        ("müller", "muller"), ("mueller", "muller"), ("петр", "пётр"), ("иванов", "ивановым"), ("lukasz", "łukasz"),
        ("debug", "debugging"), ("debugger", "debugged"), ("city", "cities"), ("o neill", "oneill"),
        ("oneill", "o neill"), ("jean claude", "jeanclaude"), ("jean claude", "jean claud"), ("van der berg", "berg"),
        ("maria van der berg", "van der berg"),
        ("أحمد", "احمد"), ("す ず き", "スズキ"), ("李 小 明", "李晓明"), ("håkan", "hakan"), ("sorensen", "sørensen"),
    ],
)  # fmt: skip
def test_near_names_are_found(name: str, other: str) -> None:
    found = near_misses([f"today {other} came", "nothing else is here", f"{other}!"], [name])
    assert found.records == 2
    assert max(found.words.values()) == 2
    assert "(2 records)" in found.sentence()


@pytest.mark.parametrize(
    ("name", "text"),
    [("ray", "array"), ("weber", "never"), ("li", "le"), ("jean claude", "jean paul"), ("karl", "carol")],
)
def test_others_are_not_near(name: str, text: str) -> None:
    assert not near_misses([text], [name]).words
    assert near_misses([text], [name]).sentence() == ""


def test_what_the_request_names_is_no_near_miss() -> None:
    assert not near_misses(["webers came"], ["weber", "webers"]).words


def test_many_are_cut_and_counted() -> None:
    texts = [f"weber{letter}" for letter in "abcdefghijklm"]
    found = near_misses(texts, ["weber"])
    assert (len(found.words), found.records) == (13, 13)
    assert "and 3 more" in found.sentence()


WORDS = st.text("abcé", max_size=7)


@settings(max_examples=300, deadline=None)
@given(first=WORDS, second=WORDS, most=st.integers(0, 3))
def test_distance_is_a_bounded_edit_distance(first: str, second: str, most: int) -> None:
    found = distance(first, second, most)
    assert found == distance(second, first, most)
    assert (found == 0) == (first == second)
    assert abs(len(first) - len(second)) <= found or found == most + 1
    kept = sum(block.size for block in SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks())
    assert found <= min(most + 1, len(first) + len(second) - 2 * kept)  # delete and insert what does not match
    assert distance(first, first[:2] + "x" + first[2:], 2) == 1


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.text("ab -'", max_size=20), max_size=8), name=st.text("ab", min_size=1, max_size=9))
def test_counts_are_those_of_texts_that_hold_the_word(texts: list[str], name: str) -> None:
    index = WordIndex.of(texts)
    for word, count in index.near(name).items():
        assert word != name
        assert count == sum(f" {word} " in text for text in index.texts) > 0
