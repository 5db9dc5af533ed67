"""Accuracy by position over words and over tokens, and term recall."""

import math

import numpy as np
import pytest

from semlink.codecs.contract import Sentence
from semlink.codecs.text.words import words
from semlink.simulator.metrics.accuracy import Accuracy
from semlink.simulator.metrics.term_recall import TermRecall


def sentence(text: str, known: str = "") -> Sentence:
    words = tuple(text.split())
    return Sentence(text, words, tuple(word if not known or word in known.split() else "[UNK]" for word in words))


def accuracy(references: list[Sentence], estimates: list[Sentence]) -> dict[str, float]:
    metric = Accuracy()
    return {k: float(v) for k, v in metric.values(metric.statistics(references, estimates).mean(axis=0)).items()}


def test_every_word_weighs_the_same() -> None:
    """Two of two and one of four words: 3 / 6, where a mean of sentences would be 5 / 8."""
    found = accuracy([sentence("a b"), sentence("c d e f")], [sentence("a b"), sentence("c x x x")])
    assert found == {"word_accuracy": 0.5, "token_accuracy": 0.5}


@pytest.mark.parametrize(("estimate", "expected"), [("a b", 0.5), ("a b c d e f", 1.0), ("x a b c d", 0.0), ("", 0.0)])
def test_unequal_lengths(estimate: str, expected: float) -> None:
    assert accuracy([sentence("a b c d")], [sentence(estimate)])["word_accuracy"] == expected


def test_an_unknown_word_is_an_error_of_words_and_not_of_tokens() -> None:
    reference, estimate = sentence("a rare b c", known="a b c"), sentence("a [UNK] b c")
    assert accuracy([reference], [estimate]) == {"word_accuracy": 0.75, "token_accuracy": 1.0}


def test_empty_references_have_no_accuracy() -> None:
    assert math.isnan(accuracy([sentence("")], [sentence("a")])["word_accuracy"])


@pytest.mark.parametrize(
    ("estimates", "expected"),
    [
        (["the Cat saw the cat", "no dog"], 1.0),
        (["cat cat cat cat", "dog"], 1.0),  # more occurrences than sent are not counted
        (["saw the cat the", "x"], 1 / 3),  # wherever it stands
        (["", ""], 0.0),
    ],
)
def test_recall_is_recovered_over_sent_occurrences(estimates: list[str], expected: float) -> None:
    metric = TermRecall(("Cat", "dog"))
    references = [sentence("the cat saw the Cat"), sentence("no dog")]
    statistics = metric.statistics(references, [sentence(text) for text in estimates])
    assert float(metric.values(statistics.mean(axis=0))["term_recall"]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("term", "text", "count"),
    [
        ("Jean-Claude", "Jean Claude saw jean-claude, Jean, Claude", 2),
        ("van der Berg", "Van der Berg and van Berg", 1),
        ("O'Neill", "O’Neill met o'neill and O'Neill's son", 2),
        ("Darcy", "_Darcy_ and Darcy", 2),
        ("İnci", "inci İnci", 2),
        ("李明", "李明来了李明", 2),
        ("J. R. Weber", "j. r. weber spoke", 1),
    ],
)
def test_terms_of_several_words_and_other_writings(term: str, text: str, count: int) -> None:
    spoken = Sentence(text, found := tuple(words(text)), found)
    assert TermRecall((term,)).statistics([spoken], [spoken]).tolist() == [[count, count]]


def test_recall_is_undefined_without_the_terms() -> None:
    metric = TermRecall(("cat",))
    statistics = metric.statistics([sentence("a dog")], [sentence("a cat")])
    assert math.isnan(metric.values(statistics.mean(axis=0))["term_recall"])
    assert np.array_equal(statistics, [[0, 0]])
