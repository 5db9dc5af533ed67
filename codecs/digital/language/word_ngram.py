"""An n-gram model of words that also spells the words it does not know."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from semlink.codecs.digital.language.contract import END, UNKNOWN, Coder, LanguageModel
from semlink.codecs.digital.language.kneser_ney import KneserNey
from semlink.codecs.digital.language.spelling import Spelling
from semlink.codecs.digital.language.vocabulary import Vocabulary

LEAST = 2  # occurrences of a word in the training sentences; the others are unknown, and teach how unknown words come


class WordNgram(LanguageModel):
    """Kneser-Ney over words, and over the characters of those that training sentences had less than twice.

    Every sentence has a probability, whatever its words.
    """

    def __init__(self, vocabulary: Vocabulary, model: KneserNey, spelling: Spelling) -> None:
        self.vocabulary, self.model, self.spelling = vocabulary, model, spelling

    @classmethod
    def learn(cls, sentences: Sequence[tuple[str, ...]], order: int = 3) -> Self:
        """From the words of sentences. order: words of an n-gram."""
        vocabulary, spelling = learn_words(sentences)
        symbols = [[vocabulary.symbol(word) for word in sentence] for sentence in sentences]
        return cls(vocabulary, KneserNey.learn(symbols, len(vocabulary), order), spelling)

    def cross_entropy(self, sentences: Sequence[tuple[str, ...]]) -> NDArray[np.float64]:
        symbols = [[self.vocabulary.symbol(word) for word in sentence] for sentence in sentences]
        return self.model.cross_entropy(symbols) + spelling_bits(self.vocabulary, self.spelling, sentences)

    def choices(self, coder: Coder, words: Sequence[str]) -> Iterator[NDArray[np.float64]]:
        """Writes words one by one; gives the probabilities of what comes next before each and after the last."""
        path = self.model.begin
        for word in words:
            probabilities = self.model.probabilities(path)
            yield probabilities
            symbol = coder.code(probabilities, self.vocabulary.symbol(word))
            if symbol == UNKNOWN:
                self.spelling.code(coder, word)
            path = self.model.onward(path, symbol)
        yield self.model.probabilities(path)

    def read(self, coder: Coder) -> tuple[str, ...]:
        """Reads words up to the end of a sentence. Errors: UnicodeDecodeError when it reads what is no character."""
        path, words = self.model.begin, []
        while (symbol := coder.code(self.model.probabilities(path), None)) != END:
            words.append(self.spelling.code(coder, None) if symbol == UNKNOWN else self.vocabulary.entry(symbol))
            path = self.model.onward(path, symbol)
        return tuple(words)


def learn_words(sentences: Sequence[tuple[str, ...]]) -> tuple[Vocabulary, Spelling]:
    """The words that occur at least twice, and the spelling of the others, or of all where there are no others."""
    counts = Counter(word for sentence in sentences for word in sentence)
    rare = sorted(word for word in counts if counts[word] < LEAST)
    return Vocabulary.learn(sentences, LEAST), Spelling.learn(rare or sorted(counts))


def spelling_bits(
    vocabulary: Vocabulary, spelling: Spelling, sentences: Sequence[tuple[str, ...]]
) -> NDArray[np.float64]:
    """What the unknown words of each sentence cost to spell, in bits: float64 [sentences]."""
    unknown = [
        (row, word) for row, sentence in enumerate(sentences) for word in sentence if vocabulary.symbol(word) == UNKNOWN
    ]
    bits = np.zeros(len(sentences))
    np.add.at(bits, [row for row, _ in unknown], spelling.cross_entropy([word for _, word in unknown]))
    return bits
