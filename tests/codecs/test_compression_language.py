"""Language models: their probabilities are those of Kneser-Ney's formula, worked out by hand and by a slow program."""

import itertools
import math
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semlink.codecs.digital.language.kneser_ney import KneserNey
from semlink.codecs.digital.language.spelling import Spelling
from semlink.codecs.digital.language.transformer import TransformerModel
from semlink.codecs.digital.language.word_ngram import WordNgram
from semlink.codecs.text.tokenizer import TextTokenizer
from semlink.errors import CodecError

Gram = tuple[int, ...]
SENTENCES = [tuple(sentence.split()) for sentence in ("a b", "a c", "a b c", "c a b d", "b b a", "a b")]
sequences = st.lists(st.lists(st.integers(1, 6), max_size=9), max_size=30)


def path_after(model: KneserNey, symbols: Gram) -> tuple[int, ...]:
    path = model.begin
    for symbol in symbols:
        path = model.onward(path, symbol)
    return path


class SlowKneserNey:
    """The same formulas over dictionaries. Symbol -1 begins a sequence, 0 ends it."""

    def __init__(self, known: list[list[int]], size: int, order: int) -> None:
        self.size, self.order = size, order
        raw: list[Counter[Gram]] = [Counter() for _ in range(order + 1)]
        for sequence in known:
            text = (-1, *sequence, 0)
            for length in range(1, order + 1):
                raw[length].update(text[at : at + length] for at in range(len(text) - length + 1))
        del raw[1][(-1,)]
        self.counts = [Counter[Gram]() for _ in range(order + 1)]
        for length in range(1, order + 1):
            for gram, count in raw[length].items():
                before = len({longer[0] for longer in raw[length + 1] if longer[1:] == gram}) if length < order else 0
                self.counts[length][gram] = before or count
        self.discounts = [self.discount(table) for table in self.counts]

    @staticmethod
    def discount(table: Counter[Gram]) -> tuple[float, ...]:
        n = [sum(count == number for count in table.values()) for number in range(5)]
        if min(n[1:]) == 0:
            return 0.0, 0.5, 1.0, 1.5
        y = n[1] / (n[1] + 2 * n[2])
        found = tuple(k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3))
        good = all(0 < found[k - 1] < k for k in (1, 2, 3))
        return (0.0, *found) if good else (0.0, 0.5, 1.0, 1.5)

    def probability(self, history: Gram, symbol: int) -> float:
        if history and len(history) >= self.order:
            return self.probability(history[1:], symbol)
        length = len(history) + 1
        followers = {gram: count for gram, count in self.counts[length].items() if gram[:-1] == history}
        shorter = self.probability(history[1:], symbol) if history else 1 / self.size
        if not followers:
            return shorter
        taken = {gram: self.discounts[length][min(count, 3)] for gram, count in followers.items()}
        total, gram = sum(followers.values()), (*history, symbol)
        share = followers[gram] - taken[gram] if gram in followers else 0.0
        return share / total + sum(taken.values()) / total * shorter


def test_a_bigram_model_worked_out_by_hand() -> None:
    """Sequences a b and a c, with a, b, c = 2, 3, 4 and 1 unknown; discounts 0.5 and 1, for lack of data.

    Symbols before: a 1, b 1, c 1, end 2; the discounts leave 2.5 / 5, in five parts. After a: b and c once each.
    """
    model = KneserNey.learn([[2, 3], [2, 4]], size=5, order=2)
    assert model.unigrams == pytest.approx([0.3, 0.1, 0.2, 0.2, 0.2])
    assert model.probabilities(path_after(model, (2,))) == pytest.approx([0.15, 0.05, 0.1, 0.35, 0.35])
    assert model.probabilities(model.begin) == pytest.approx([0.15, 0.05, 0.6, 0.1, 0.1])
    assert model.probabilities(path_after(model, (2, 1))) == pytest.approx(model.unigrams)
    expected = -math.log2(0.6 * 0.35 * 0.65), -math.log2(0.15)
    assert model.cross_entropy([[2, 3], []]) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(known=sequences, order=st.integers(1, 4))
def test_probabilities_are_those_of_the_slow_program(known: list[list[int]], order: int) -> None:
    model, slow = KneserNey.learn(known, 7, order), SlowKneserNey(known, 7, order)
    for history in [(), *itertools.product(range(1, 7), repeat=2)][::5]:
        found = model.probabilities(path_after(model, history))
        assert found.sum() == pytest.approx(1, abs=1e-5)
        assert found == pytest.approx([slow.probability((-1, *history), symbol) for symbol in range(7)], rel=1e-5)


def test_estimated_discounts_are_those_of_the_slow_program() -> None:
    random = np.random.default_rng(0)
    known = [list(1 + random.geometric(0.3, 8).clip(1, 19)) for _ in range(150)]
    model, slow = KneserNey.learn(known, 21, 3), SlowKneserNey(known, 21, 3)
    assert all(discount != (0.0, 0.5, 1.0, 1.5) for discount in slow.discounts[2:])
    for history in ((2, 2), (2, 3), (5, 2), (9, 9), (2, 15)):
        found = model.probabilities(path_after(model, history))
        assert found.sum() == pytest.approx(1, abs=1e-5)
        assert found == pytest.approx([slow.probability((-1, *history), symbol) for symbol in range(21)], rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(known=sequences, tried=st.lists(st.lists(st.integers(1, 6), max_size=6), min_size=1, max_size=4))
def test_cross_entropy_is_that_of_the_probabilities(known: list[list[int]], tried: list[list[int]]) -> None:
    model = KneserNey.learn(known, 7, 3)
    expected = []
    for sequence in tried:
        bits, path = 0.0, model.begin
        for symbol in (*sequence, 0):
            bits -= math.log2(model.probabilities(path)[symbol])
            path = model.onward(path, symbol)
        expected.append(bits)
    assert model.cross_entropy(tried) == pytest.approx(expected, rel=1e-9)


def test_unknown_words_cost_their_spelling() -> None:
    model = WordNgram.learn(SENTENCES, order=2)
    assert model.vocabulary.entries == ("a", "b", "c")
    symbols = [[2, 1]]
    expected = model.model.cross_entropy(symbols)[0] + model.spelling.cross_entropy(["d"])[0]
    assert model.cross_entropy([("a", "d")]) == pytest.approx([expected])
    japanese, latin = Spelling.learn(["ab", "ba"]).cross_entropy(["日", "ab"])
    assert japanese > 24 + latin / 2


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transformers of one layer that learn in a second."""
    for name, value in (("WIDTH", 32), ("LAYERS", 1), ("WARMUP", 5), ("RATE", 1e-2), ("DROPOUT", 0.0)):
        monkeypatch.setattr(f"semlink.codecs.digital.language.transformer.{name}", value)


@pytest.fixture
def transformer(small: None) -> TransformerModel:
    return TransformerModel.learn([("a", "b", "c"), ("c", "b")] * 20, steps=60, seed=0, batch=40)


def test_a_transformer_learns_what_follows(transformer: TransformerModel) -> None:
    """Two sentences, as often as each other, are worth a bit each."""
    model = transformer
    assert model.cross_entropy([("a", "b", "c"), ("c", "b")]) == pytest.approx([1, 1], abs=0.5)
    swapped = model.cross_entropy([("c", "b", "a"), ("b", "c")])
    assert (swapped > 4).all()


def test_a_transformer_is_a_function_of_its_seed(transformer: TransformerModel) -> None:
    before = torch.get_rng_state()
    one = TransformerModel.learn(SENTENCES, steps=2, seed=1, batch=4).cross_entropy(SENTENCES)
    two = TransformerModel.learn(SENTENCES, steps=2, seed=1, batch=4).cross_entropy(SENTENCES[::-1])[::-1]
    assert one == pytest.approx(two, rel=1e-5)
    assert torch.equal(before, torch.get_rng_state())
    with pytest.raises(CodecError, match="at most 255"):
        transformer.cross_entropy([("a",) * 256])
    with pytest.raises(CodecError, match="give at least one"):
        TransformerModel.learn([], steps=1, seed=0)


def test_a_stored_transformer_is_the_same(tmp_path: Path, transformer: TransformerModel) -> None:
    transformer.save(tmp_path / "file")
    again = TransformerModel.load(tmp_path / "file")
    tried = [("a", "b"), ("日", "c")]
    assert again.cross_entropy(tried) == pytest.approx(transformer.cross_entropy(tried))


def test_debates_take_fewer_bits_with_longer_contexts() -> None:
    """Bits for each of 9 955 words and marks of 500 sentences, after 20 000 sentences of Europarl."""
    folder = Path(os.environ.get("SEMLINK_DATA", "")) / "europarl"
    if "SEMLINK_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("SEMLINK_DATA does not name a folder with europarl")
    reader = TextTokenizer.learn([], "word", 2, 1, lower_case=True)
    train, test = (
        [reader.words(line) for line in (folder / f"europarl_en_{part}.txt").read_text().splitlines()[:lines]]
        for part, lines in (("train", 20_000), ("test", 500))
    )
    words = sum(map(len, test))
    bits = [WordNgram.learn(train, order).cross_entropy(test).sum() / words for order in (1, 2, 3)]
    assert bits[0] > bits[1] + 1.5 > bits[2] + 1.5
    assert 7.0 < bits[2] < 7.8
