"""Records that a request by terms does not select, though they hold almost the same words."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import regex

from semlink.codecs.text.words import MARK, UNSPACED, phrase

LEAST, LONG = 4, 8  # letters: a shorter word has no neighbours by spelling; from LONG on two letters may differ
SHOWN = 10  # near words in one sentence
# Letters that are others with an ornament which Unicode does not take apart, and what writers without them write.
PLAIN = str.maketrans(
    {"ł": "l", "đ": "d", "ð": "d", "ø": "o", "þ": "th", "æ": "a", "œ": "o", "ħ": "h", "ŋ": "n", "ə": "a",
     "ى": "ي", "ة": "ه", "ٱ": "ا", "ک": "ك", "ی": "ي", "є": "е", "і": "и", "ґ": "г"}
)  # fmt: skip
HIRAGANA = {number: number - 0x60 for number in range(0x30A1, 0x30F7)}  # of Katakana
KATAKANA = {hiragana: katakana for katakana, hiragana in HIRAGANA.items()}
DIGRAPHS = re.compile(r"(?<=[aou])e")  # Mueller for Müller
_ONE = regex.compile(rf"{UNSPACED}\p{{M}}*")
ENDINGS = "s", "es", "ed", "ing", "er", "ers", "or", "ors", "ly", "n", "en", "e", "ns"


@dataclass(frozen=True)
class NearMisses:
    """What a request nearly selects.

    words: near words, as matching writes them -> how many records hold them. records: how many different ones in all.
    """

    words: Mapping[str, int]
    records: int

    def sentence(self) -> str:
        """For the person who makes the request: "" where nothing is near."""
        if not self.words:
            return ""
        shown = [f"'{word}' ({count} record{'s' * (count != 1)})" for word, count in list(self.words.items())[:SHOWN]]
        more = len(self.words) - len(shown)
        listed = ", ".join(shown) + (f" and {more} more" if more else "")
        return f"Not selected: {listed}; add them to the request if they are meant."


class WordIndex:
    """The different words of some texts, searched for those near a name.

    counts: folded word -> how many texts hold it. texts: the phrases of the texts (see `codecs.text.words`).
    """

    def __init__(self, texts: Sequence[str], counts: Mapping[str, int]) -> None:
        self.texts, self.counts = texts, counts
        self._by_length: dict[int, list[tuple[str, int]]] = {}
        self._by_skeleton: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for word in counts:
            self._by_length.setdefault(len(word), []).append((word, _letters(word)))
            self._by_skeleton.setdefault(_skeleton(word), []).append(word)
            for stem in _stems(word):
                self._by_stem.setdefault(stem, []).append(word)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Of texts as they are written."""
        phrases = [phrase(text) for text in texts]
        return cls(phrases, Counter(word for text in phrases for word in set(text.split()) if word != MARK))

    def near(self, name: str) -> dict[str, int]:
        """What is near a name, most frequent first -> how many texts hold it.

        In: name: its folded words with single spaces between, such as "jean claude".
        Near is a spelling with one letter more, less or another (two from eight letters on), without accents or in
        another form of its letters, with another ending, written in one word or in several, and of a name of several
        words its longest word alone, and any of its words that stand together in it.
        """
        parts = name.split()
        joined = "".join(parts)
        found = {word for word in self._near_word(joined) if word != name}
        if len(parts) > 1:
            found |= {joined} & self.counts.keys()
            for place, part in enumerate(parts):
                for other in self._near_word(part):
                    found.add(" ".join([*parts[:place], other, *parts[place + 1 :]]))
            longest = max(parts, key=len)
            found |= {longest} & self.counts.keys() if len(longest) >= LEAST else set()
            found |= {" ".join(parts[a:b]) for a in range(len(parts)) for b in range(a + 2, len(parts) + 1)} - {name}
        for cut in range(1, len(joined)):
            two = joined[:cut], joined[cut:]
            if all(word in self.counts for word in two) and list(two) != parts:
                found.add(" ".join(two))
        if all(map(_ONE.fullmatch, parts)):
            found |= {name.translate(KATAKANA), name.translate(HIRAGANA), *self._one_other(parts)} - {name}
        held = {word: self.count(word) for word in found}
        return dict(sorted(((w, n) for w, n in held.items() if n), key=lambda item: (-item[1], item[0])))

    def count(self, name: str) -> int:
        """How many texts hold a name."""
        if " " not in name:
            return self.counts.get(name, 0)
        return sum(f" {name} " in text for text in self.texts)

    def _one_other(self, parts: Sequence[str]) -> Iterator[str]:
        """A name in an unspaced script, of three characters or more, with another one of them."""
        for place in range(len(parts)) if len(parts) > 2 else ():
            before, after = (f"{part} " for part in (" ".join(parts[:place]), " ".join(parts[place + 1 :])))
            pattern = re.compile(rf"(?<= {re.escape(before.lstrip())})[^\s{MARK}]+(?= {re.escape(after.lstrip())})")
            for text in self.texts:
                yield from (" ".join([*parts[:place], other, *parts[place + 1 :]]) for other in pattern.findall(text))

    def _near_word(self, word: str) -> Iterator[str]:
        """The words near one word. It may be in the texts itself, and is not among them."""
        seen = {word}
        for other in (
            *self._by_skeleton.get(_skeleton(word), ()),
            *(other for stem in _stems(word) for other in self._by_stem.get(stem, ())),
            *self._spelled_nearly(word),
        ):
            if other not in seen:
                seen.add(other)
                yield other

    def _spelled_nearly(self, word: str) -> Iterator[str]:
        most = 0 if len(word) < LEAST else 1 if len(word) < LONG else 2
        letters = _letters(word)
        for length in range(len(word) - most, len(word) + most + 1) if most else ():
            for other, others in self._by_length.get(length, ()):
                if (letters ^ others).bit_count() <= 2 * most and distance(word, other, most) <= most:
                    yield other


def near_misses(records: Iterable[str], names: Iterable[str]) -> NearMisses:
    """What some texts hold that is near a name.

    In: records: the texts that a request does not select. names: its terms, each as `WordIndex.near` takes it.
    """
    index = WordIndex.of(records)
    wanted = set(names)
    near = {word: count for name in sorted(wanted) for word, count in index.near(name).items()}
    near = {word: count for word, count in near.items() if word not in wanted}
    marked = [f" {word} " for word in near]
    held = sum(any(word in text for word in marked) for text in index.texts) if near else 0
    return NearMisses(dict(sorted(near.items(), key=lambda item: (-item[1], item[0]))), held)


def distance(first: str, second: str, most: int) -> int:
    """Letters to insert, delete, replace or swap with their neighbour; `most` + 1 where it is more than `most`."""
    if abs(len(first) - len(second)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, start=1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(second, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def _letters(word: str) -> int:
    """A bit for each letter that a word holds: words whose bits differ much are far from each other."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 127)
    return bits


def _skeleton(word: str) -> str:
    """What is left of a word without accents, ornaments and the ways to write around them."""
    bare = "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
    return DIGRAPHS.sub("", bare.translate(PLAIN)).replace("ph", "f")


def _stems(word: str) -> set[str]:
    """What a word may be an inflection of: itself, and what is left before an ending, with one of doubled letters."""
    stems = {word, f"{word[:-3]}y"} if word.endswith("ies") else {word}
    for ending in ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= LEAST:
            stems.add(stem)
            if stem[-1] == stem[-2] and len(stem) > LEAST:
                stems.add(stem[:-1])
    if not word.isascii() and len(word) > LEAST + 2 and not regex.search(UNSPACED, word):
        stems |= {word[:-1], word[:-2]}  # other languages inflect by other endings
    return stems
