"""A Huffman code of characters, learned from training sentences."""

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from semlink.codecs.contract import Modality
from semlink.codecs.digital.compression.bits import bits_of, joined, number_bits, undecodable
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.compression.five_bit import escaped_character
from semlink.codecs.digital.compression.sentences import text_of, words_of
from semlink.codecs.digital.language.learned_file import read_learned, write_learned

KIND = "huffman"
ESCAPE = ""  # stands before the UTF-8 bytes of a character without a code


class Huffman(Compressor[tuple[str, ...]]):
    """Each character of a sentence, the spaces between words among them, by the code word that its frequency gives it.

    A character that the training sentences lack is the escape and the bytes of its UTF-8 form. The code is canonical:
    it follows from the lengths of its words.

    Source: Huffman, A Method for the Construction of Minimum-Redundancy Codes, 1952. It is the source code of the
    classical baseline of Xie et al., Deep Learning Enabled Semantic Communication Systems, 2021.
    """

    modality: ClassVar[Modality] = "text"
    learns: ClassVar[bool] = True

    def __init__(self, lengths: Mapping[str, int]) -> None:
        self.lengths = dict(lengths)
        self._codes: dict[str, Bits] = {}
        self._characters: dict[tuple[int, int], str] = {}
        number, before = 0, 0
        for character, length in sorted(self.lengths.items(), key=lambda item: (item[1], item[0])):
            number <<= length - before
            self._codes[character], self._characters[length, number] = number_bits(number, length), character
            number, before = number + 1, length

    @classmethod
    def learn(cls, sentences: Sequence[tuple[str, ...]]) -> Self:
        counts = Counter(" ")
        for sentence in sentences:
            counts.update(" ".join(sentence))
        counts[ESCAPE] = max(1, sum(count == 1 for count in counts.values()))  # as often as new characters came
        return cls(_lengths(counts))

    def fit(self, payload: tuple[str, ...], most: int) -> Bits | None:
        text_of(payload)
        space = self._codes[" "]
        codes = [joined(*map(self._code, word)) for word in payload]
        lengths = np.cumsum([len(code) + len(space) for code in codes]) - len(space)
        count = int(np.searchsorted(lengths, most, side="right"))
        if payload and count == 0:
            return None
        spaced = [part for code in codes[:count] for part in (space, code)]
        return joined(*spaced[1:]) if spaced else np.zeros(0, dtype=np.uint8)

    def restore(self, bits: Bits, shape: tuple[int, ...]) -> tuple[str, ...]:
        characters, at, length, number = [], 0, 0, 0
        values = bits.tolist()
        while at < len(values):
            length, number, at = length + 1, number << 1 | values[at], at + 1
            character = self._characters.get((length, number))
            if character is None:
                continue
            if character == ESCAPE:
                character, at = escaped_character(bits, at)
            characters.append(character)
            length = number = 0
        if length:
            raise undecodable()
        return words_of("".join(characters))

    def save(self, path: Path) -> None:
        write_learned(path, KIND, {"lengths": self.lengths}, {})

    @classmethod
    def load(cls, path: Path) -> Self:
        facts, _ = read_learned(path, KIND)
        return cls(facts["lengths"])

    def _code(self, character: str) -> Bits:
        code = self._codes.get(character)
        return code if code is not None else joined(self._codes[ESCAPE], bits_of(character.encode()))


def _lengths(counts: Mapping[str, int]) -> dict[str, int]:
    """The lengths of a Huffman code for things that occur so often; at least two. Ties in alphabetical order."""
    heap = [(count, number, [thing]) for number, (thing, count) in enumerate(sorted(counts.items()))]
    lengths = dict.fromkeys(sorted(counts), 0)
    heapq.heapify(heap)
    number = len(heap)
    while len(heap) > 1:
        (first, _, some), (second, _, others) = heapq.heappop(heap), heapq.heappop(heap)
        for thing in some + others:
            lengths[thing] += 1
        heapq.heappush(heap, (first + second, number, some + others))
        number += 1
    return lengths
