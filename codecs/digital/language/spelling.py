"""How words that a vocabulary lacks are spelled: a model of their characters."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from semlink.codecs.digital.language.contract import END, UNKNOWN, Coder
from semlink.codecs.digital.language.kneser_ney import KneserNey
from semlink.codecs.digital.language.vocabulary import Vocabulary

ORDER = 5
BYTE = np.full(256, 1 / 256)  # each byte of a character that no word had


class Spelling:
    """A Kneser-Ney model of order 5 over the characters of words; others are spelled as UTF-8, 8 bits a byte."""

    def __init__(self, characters: Vocabulary, model: KneserNey) -> None:
        self.characters, self.model = characters, model

    @classmethod
    def learn(cls, words: Sequence[str]) -> Self:
        """From words, each of which counts once."""
        characters = Vocabulary.learn(words, 1)
        spelled = [[characters.symbol(character) for character in word] for word in words]
        return cls(characters, KneserNey.learn(spelled, len(characters), ORDER))

    def cross_entropy(self, words: Sequence[str]) -> NDArray[np.float64]:
        """-log2 of the probability of each word, in bits: float64 [words]."""
        spelled = [[self.characters.symbol(character) for character in word] for word in words]
        unknown = [sum(len(c.encode()) for c in word if self.characters.symbol(c) == UNKNOWN) for word in words]
        return self.model.cross_entropy(spelled) + 8.0 * np.array(unknown, dtype=np.float64)

    def code(self, coder: Coder, word: str | None) -> str:
        """Writes a word, or reads one where `word` is None.

        Errors: UnicodeDecodeError when it reads what is no character.
        """
        path, read = self.model.begin, ""
        while True:
            character = None if word is None else word[len(read) : len(read) + 1]
            symbol = None if character is None else self.characters.symbol(character) if character else END
            symbol = coder.code(self.model.probabilities(path), symbol)
            if symbol == END:
                return read
            read += _unknown(coder, character) if symbol == UNKNOWN else self.characters.entry(symbol)
            path = self.model.onward(path, symbol)


def _unknown(coder: Coder, character: str | None) -> str:
    """Writes or reads a character by its UTF-8 bytes, the first of which gives their number."""
    given = b"" if character is None else character.encode()
    first = coder.code(BYTE, given[0] if given else None)
    count = next((ones for ones in range(8) if not first >> (7 - ones) & 1), 1) or 1
    others = (coder.code(BYTE, given[place] if given else None) for place in range(1, count))
    return bytes([first, *others]).decode()
