"""Interpolated modified Kneser-Ney smoothing of n-grams, over symbols of any kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from semlink.codecs.digital.language.contract import END

Symbols = NDArray[np.int64]
CLASSES = 3  # n-grams seen once, twice, and more often have a discount each
USUAL = (0.5, 1.0, 1.5)  # discounts where there is too little to estimate them from
Path = tuple[int, ...]  # of the last 1, 2, ... symbols of a text, which n-gram they are


@dataclass(frozen=True)
class Level:
    """The n-grams of one length n >= 2, sorted by what comes before their last symbol, then by that symbol.

    An (n-1)-gram is a context. first: where the n-grams of each context begin, int64 [contexts + 1].
    last:  the last symbol of each n-gram, int32.
    share: its discounted count over the count of its context, float32.
    rest:  what the discounts of a context leave for shorter ones, float32 [contexts].
    """

    first: Symbols
    last: NDArray[np.int32]
    share: NDArray[np.float32]
    rest: NDArray[np.float32]

    @cached_property
    def keys(self) -> Symbols:
        """Context and last symbol of each n-gram as one number, ascending."""
        contexts = np.repeat(np.arange(len(self.rest), dtype=np.int64), np.diff(self.first))
        return contexts << 32 | self.last

    def find(self, contexts: Symbols, last: Symbols) -> Symbols:
        """Which n-gram each pair is, -1 where there is none or the context is -1. There is at least one n-gram."""
        wanted = contexts << 32 | last
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where((contexts >= 0) & (self.keys[place] == wanted), place, -1)

    def find_one(self, context: int, last: int) -> int:
        """The same for one pair."""
        begin, end = self.first[context], self.first[context + 1]
        place = begin + np.searchsorted(self.last[begin:end], last)
        return int(place) if place < end and self.last[place] == last else -1


class KneserNey:
    """p(w | context) of symbols 0..size - 1, where 0 ends a sequence.

    p_n(w | h) = max(c(h w) - D(c(h w)), 0) / c(h) + rest(h) p_(n-1)(w | h without its first symbol), p_0 = 1 / size.
    For n-grams of full order and those that begin a sequence, c counts occurrences; for the others it counts how many
    different symbols come before them. D has a value each for c = 1, 2 and more, for each length, from the counts of
    counts.

    unigrams: p_1, float64 [size]. levels: of length 2 up to the order.
    Source: Chen and Goodman, An Empirical Study of Smoothing Techniques for Language Modeling, 1998, section 3; counts
            at the begin of a sequence as in Heafield et al., Scalable Modified Kneser-Ney Language Model Estimation,
            2013, section 3.1.
    """

    def __init__(self, unigrams: NDArray[np.float64], levels: Sequence[Level]) -> None:
        self.unigrams, self.levels = unigrams, tuple(levels)
        self.size = len(unigrams)

    @classmethod
    def learn(cls, sequences: Sequence[Sequence[int]], size: int, order: int) -> Self:
        """The model of sequences of symbols 1..size - 1, whose ends are added here. Seconds for a million symbols."""
        text, depth = _text(sequences, size)
        nodes = [text]  # of each place in the text, which n-gram of each length ends there, -1 where none does
        seen: list[_Seen] = []
        contexts = size + 1
        for length in range(2, order + 1):
            extended = _Seen.of(nodes[-1], text, depth, length, contexts)
            seen.append(extended)
            nodes.append(extended.node)
            contexts = len(extended.count)
        places = np.flatnonzero(depth > 0)
        counts = [np.bincount(text[places], minlength=size), *(ngrams.count for ngrams in seen)]
        for shorter in range(
            order - 1
        ):  # how many different symbols come before, or at the begin how often it is there
            before = np.bincount(nodes[shorter][seen[shorter].where], minlength=len(counts[shorter]))[
                : len(counts[shorter])
            ]
            counts[shorter] = np.where(before > 0, before, counts[shorter])
        levels = [ngrams.level(count) for ngrams, count in zip(seen, counts[1:], strict=True)]
        return cls(_unigrams(counts[0]), levels)

    @property
    def begin(self) -> Path:
        """The path at the begin of a sequence."""
        return (self.size,)

    def onward(self, path: Path, symbol: int) -> Path:
        """The path after one more symbol."""
        onward_path = [symbol]
        for level, context in zip(self.levels[:-1], path, strict=False):
            node = level.find_one(context, symbol)
            if node < 0:
                break
            onward_path.append(node)
        return tuple(onward_path)

    def probabilities(self, path: Path) -> NDArray[np.float64]:
        """p of every symbol that may come next, float64 [size]. The same on every machine: no sum is taken here."""
        probabilities = self.unigrams.copy()
        for level, context in zip(self.levels, path, strict=False):
            begin, end = level.first[context], level.first[context + 1]
            probabilities *= np.float64(level.rest[context])
            probabilities[level.last[begin:end]] += level.share[begin:end]
        return probabilities

    def cross_entropy(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """-log2 of the probability of each sequence with its end, in bits: float64 [sequences]."""
        if len(sequences) == 0:
            return np.zeros(0)
        text, depth = _text(sequences, self.size)
        probabilities = self.unigrams[np.minimum(text, self.size - 1)]
        node = text
        for length, level in enumerate(self.levels, start=2):
            if len(level.last) == 0:
                break
            context = np.where(depth >= length - 1, np.roll(node, 1), -1)
            node = level.find(context, text)
            share = np.where(node >= 0, level.share[np.maximum(node, 0)], 0.0)
            probabilities = np.where(
                context >= 0, level.rest[np.maximum(context, 0)] * probabilities + share, probabilities
            )
        bits = np.where(depth > 0, -np.log2(probabilities), 0.0)
        return np.add.reduceat(bits, np.flatnonzero(depth == 0))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All of it, by name."""
        arrays: dict[str, NDArray[np.generic]] = {"unigrams": self.unigrams}
        for length, level in enumerate(self.levels, start=2):
            for name in ("first", "last", "share", "rest"):
                arrays[f"{length}.{name}"] = getattr(level, name)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """The model that `arrays` gave. Errors: KeyError when some of it is missing."""
        lengths = range(2, 2 + sum(name.endswith(".first") for name in arrays))
        levels = [Level(*(arrays[f"{n}.{name}"] for name in ("first", "last", "share", "rest"))) for n in lengths]  # type: ignore[arg-type]
        return cls(arrays["unigrams"], levels)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Seen:
    """The n-grams of one length in a text.

    node:    which n-gram ends at each place, -1 where none does. where: a place where each ends.
    context: of each. last: symbol of each. count: how often each occurs. contexts: how many there are.
    """

    node: Symbols
    where: Symbols
    context: Symbols
    last: Symbols
    count: Symbols
    contexts: int

    @classmethod
    def of(cls, shorter: Symbols, text: Symbols, depth: Symbols, length: int, contexts: int) -> "_Seen":
        places = np.flatnonzero(depth >= length - 1)
        keys = shorter[places - 1] << 32 | text[places]
        unique, where, inverse, count = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        node = np.full(len(text), -1)
        node[places] = inverse
        return cls(node, places[where], unique >> 32, unique & 0xFFFFFFFF, count, contexts)

    def level(self, count: Symbols) -> Level:
        """The level, where n-grams count as given."""
        taken = _discount(count)
        total = np.bincount(self.context, weights=count, minlength=self.contexts)
        left = np.bincount(self.context, weights=taken, minlength=self.contexts)
        rest = np.divide(left, total, out=np.ones(self.contexts), where=total > 0)
        share = (count - taken) / total[self.context]
        first = np.searchsorted(self.context, np.arange(self.contexts + 1))
        return Level(first, self.last.astype(np.int32), share.astype(np.float32), rest.astype(np.float32))


def _text(sequences: Sequence[Sequence[int]], size: int) -> tuple[Symbols, Symbols]:
    """All sequences in a row, each between a symbol for its begin (size) and END, and the distance to the begin."""
    lengths = np.array([len(sequence) + 2 for sequence in sequences], dtype=np.int64)
    begins = np.cumsum(lengths) - lengths
    text = np.full(int(lengths.sum()), END, dtype=np.int64)
    depth = np.arange(len(text)) - np.repeat(begins, lengths)
    text[begins] = size
    inside = np.ones(len(text), dtype=bool)
    inside[begins] = inside[begins + lengths - 1] = False
    text[inside] = np.fromiter((symbol for sequence in sequences for symbol in sequence), dtype=np.int64)
    return text, depth


def _unigrams(count: Symbols) -> NDArray[np.float64]:
    """p_1 of each symbol: discounted counts, and the rest in equal parts."""
    taken, total = _discount(count), max(1, int(count.sum()))
    rest = float(taken.sum()) / total if count.any() else 1.0
    probabilities: NDArray[np.float64] = (count - taken) / total + rest / len(count)
    return probabilities


def _discount(count: Symbols) -> NDArray[np.float64]:
    """What is taken from each count: Chen and Goodman's equation 17."""
    once, twice, thrice, often = (int((count == number).sum()) for number in (1, 2, 3, 4))
    discounts = np.array(USUAL)
    if once and twice and thrice and often:
        share = once / (once + 2 * twice)
        estimated = 1 - 2 * share * twice / once, 2 - 3 * share * thrice / twice, 3 - 4 * share * often / thrice
        if all(0 < discount < number for number, discount in enumerate(estimated, start=1)):
            discounts = np.array(estimated)
    return np.append(0.0, discounts)[np.minimum(count, CLASSES)]
