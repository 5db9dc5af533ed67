"""BLEU equals sacrebleu's, knows hypothesis from reference, and punishes unknown words."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from semlink.codecs.contract import Sentence
from semlink.simulator.metrics.bleu import ORDERS, Bleu, pair_statistics

WORDS = st.lists(st.sampled_from("abcde"), max_size=12).map(tuple)


def sentence(words: tuple[str, ...]) -> Sentence:
    return Sentence(" ".join(words), words, words)


def values(references: list[tuple[str, ...]], estimates: list[tuple[str, ...]]) -> dict[str, float]:
    metric = Bleu()
    statistics = metric.statistics([sentence(words) for words in references], [sentence(words) for words in estimates])
    return {name: float(value) for name, value in metric.values(statistics.mean(axis=0)).items()}


def noisy(words: tuple[str, ...], rate: float, dice: random.Random) -> tuple[str, ...]:
    kept = [dice.choice("abcdefghij") if dice.random() < rate else word for word in words]
    return tuple(kept[: len(kept) - dice.randrange(3)])


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("order", ORDERS)
def test_corpus_value_is_that_of_sacrebleu(order: int, rate: float) -> None:
    dice = random.Random(order)
    references = [tuple(dice.choices("abcdefghij", k=dice.randint(4, 20))) for _ in range(200)]
    estimates = [noisy(words, rate, dice) for words in references]
    oracle = BLEU(tokenize="none", force=True, max_ngram_order=order)
    expected = oracle.corpus_score(
        [" ".join(words) for words in estimates], [[" ".join(words) for words in references]]
    )
    assert values(references, estimates)[f"corpus_bleu{order}"] == pytest.approx(expected.score / 100, abs=1e-12)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_any_corpus_value_is_that_of_sacrebleu_without_smoothing(pairs: list[tuple[tuple[str, ...], ...]]) -> None:
    found = values([reference for reference, _ in pairs], [estimate for _, estimate in pairs])
    for order in ORDERS:
        oracle = BLEU(tokenize="none", force=True, max_ngram_order=order, smooth_method="none")
        hypotheses, references = [" ".join(estimate) for _, estimate in pairs], [" ".join(words) for words, _ in pairs]
        expected = oracle.corpus_score(hypotheses, [references]).score / 100
        assert found[f"corpus_bleu{order}"] == pytest.approx(expected, abs=1e-12)


@given(WORDS, WORDS)
def test_any_sentence_value_is_that_of_sacrebleu(reference: tuple[str, ...], estimate: tuple[str, ...]) -> None:
    found = values([reference], [estimate])
    for order in ORDERS:
        oracle = BLEU(tokenize="none", force=True, max_ngram_order=order, effective_order=True)
        expected = oracle.sentence_score(" ".join(estimate), [" ".join(reference)]).score / 100
        assert found[f"sentence_bleu{order}"] == pytest.approx(expected, abs=1e-12)


@given(WORDS.filter(bool))
def test_an_identical_pair_has_the_statistics_of_the_long_way(words: tuple[str, ...]) -> None:
    short = pair_statistics(hypothesis=words, reference=words)
    assert short[2:6] == short[6:10] == [max(0, len(words) + 1 - n) for n in ORDERS]
    assert short[10:] == pytest.approx([1.0] * 4)


def test_hypothesis_and_reference_are_not_interchangeable() -> None:
    """A truncated estimate pays the brevity penalty exp(1 - 6 / 3); the reverse has precision 3 / 6 and no penalty."""
    long, short = tuple("abcdef"), tuple("abc")
    assert values([long], [short])["corpus_bleu1"] == pytest.approx(np.exp(-1))
    assert values([short], [long])["corpus_bleu1"] == pytest.approx(0.5)


def test_an_unknown_word_is_an_error() -> None:
    assert values([tuple("abcdef")], [("a", "b", "[UNK]", "d", "e", "f")])["corpus_bleu1"] == pytest.approx(5 / 6)


def test_statistics_averaged_over_draws_give_the_value_of_all_draws_together() -> None:
    references = [tuple("abcdefgh"), tuple("ijklmnop")]
    draws = [[tuple("abcdefgh"), tuple("ijklmnxx")], [tuple("abxdefgh"), tuple("ijklmnop")]]
    metric = Bleu()
    statistics = [
        metric.statistics([sentence(words) for words in references], [sentence(words) for words in draw])
        for draw in draws
    ]
    averaged = metric.values(np.mean(statistics, axis=0).mean(axis=0))
    assert float(averaged["corpus_bleu4"]) == pytest.approx(values(references * 2, draws[0] + draws[1])["corpus_bleu4"])


def test_order_without_a_match_gives_zero() -> None:
    found = values([tuple("abcdef")], [tuple("fedcba")])
    assert found["corpus_bleu1"] == pytest.approx(1.0)
    assert found["corpus_bleu2"] == 0.0
