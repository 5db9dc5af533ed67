"""The names of sentences: of the text alone, and as they were where a sentence is words and punctuation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semlink.simulator.sources.sentence_digest import sentence_digest, word_digest


@settings(max_examples=300, deadline=None)
@given(
    words=st.lists(st.text("abcéüAZ", min_size=1), min_size=1), between=st.sampled_from([" ", ", ", ". ", " (", "-"])
)
def test_words_and_punctuation_keep_their_name(words: list[str], between: str) -> None:
    sentence = between.join(words)
    assert sentence_digest(sentence) == sentence_digest(f"({sentence.upper()}.") == word_digest(sentence)


@pytest.mark.parametrize(
    ("sentence", "digest"),
    [("The sender's encoder sends, or not?", "4c59287b1a86"), ("Ça coûte 2004-2011 (environ) l’été.", "bbaa21aad6c2")],
)
def test_recorded_names_stay(sentence: str, digest: str) -> None:
    assert sentence_digest(sentence) == word_digest(sentence) == digest


@pytest.mark.parametrize(
    ("one", "other"),
    [("it is -5 now", "it is 5 now"), ("C++ code", "C code"), ("C# code", "C++ code"), ("a > b", "a < b"), ("😀", "😡"),
     ("????", "!!!!"), ("कमल", "कमला"), ("5 %", "5 €"), ("x @ y", "x y")],
)  # fmt: skip
def test_signs_tell_sentences_apart(one: str, other: str) -> None:
    assert sentence_digest(one) != sentence_digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Yes, we can!", "yes we can"), ("the 2004–2011 law", "The 2004-2011 law."), ("cafe\u0301 here", "café here"),
     ("Sm\u00adith", "Smith"), ("don't", "don’t"), ("He said “no”", "he said 'no'")],
)  # fmt: skip
def test_case_and_punctuation_do_not(one: str, other: str) -> None:
    assert sentence_digest(one) == sentence_digest(other)
