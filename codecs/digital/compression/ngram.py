"""Arithmetic coding with an n-gram model of words."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from semlink.codecs.contract import Modality
from semlink.codecs.digital.compression.bits import undecodable
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.compression.range_coder import RangeReader, RangeWriter
from semlink.codecs.digital.compression.sentences import text_of
from semlink.codecs.digital.language.contract import END
from semlink.codecs.digital.language.kneser_ney import KneserNey
from semlink.codecs.digital.language.learned_file import read_learned, write_learned
from semlink.codecs.digital.language.spelling import Spelling
from semlink.codecs.digital.language.vocabulary import Vocabulary
from semlink.codecs.digital.language.word_ngram import WordNgram

KIND = "ngram"


class Ngram(Compressor[tuple[str, ...]]):
    """A sentence takes the bits that its words and its end are worth to a Kneser-Ney model, to within 2 bits.

    It knows what the training sentences of a neural codec show of the language, and so is the classical coder that such
    a codec has to be measured against.
    """

    modality: ClassVar[Modality] = "text"
    learns: ClassVar[bool] = True

    def __init__(self, model: WordNgram) -> None:
        self.model = model

    @classmethod
    def learn(cls, sentences: Sequence[tuple[str, ...]], order: int = 3) -> Self:
        """The model of these sentences. order: words of an n-gram."""
        return cls(WordNgram.learn(sentences, order))

    def fit(self, payload: tuple[str, ...], most: int) -> Bits | None:
        text_of(payload)
        writer, best = RangeWriter(), None
        for count, probabilities in enumerate(self.model.choices(writer, payload)):
            bits = writer.ended(probabilities, END)
            if len(bits) <= most and (count or not payload):
                best = bits
        return best

    def restore(self, bits: Bits, shape: tuple[int, ...]) -> tuple[str, ...]:
        reader = RangeReader(bits)
        try:
            words = self.model.read(reader)
            reader.finish()
            text_of(words)
        except UnicodeDecodeError as error:
            raise undecodable() from error
        return words

    def cross_entropy(self, sentences: Sequence[tuple[str, ...]]) -> NDArray[np.float64]:
        """What each sentence is worth, in bits: float64 [sentences]."""
        return self.model.cross_entropy(sentences)

    def save(self, path: Path) -> None:
        facts = {"words": self.model.vocabulary.entries, "characters": self.model.spelling.characters.entries}
        parts = {"words": self.model.model, "characters": self.model.spelling.model}
        arrays = {f"{part}.{name}": array for part in parts for name, array in parts[part].arrays().items()}
        write_learned(path, KIND, facts, arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        facts, arrays = read_learned(path, KIND)
        words, characters = (
            KneserNey.from_arrays(
                {n.removeprefix(f"{part}."): a for n, a in arrays.items() if n.startswith(f"{part}.")}
            )
            for part in ("words", "characters")
        )
        spelling = Spelling(Vocabulary(facts["characters"]), characters)
        return cls(WordNgram(Vocabulary(facts["words"]), words, spelling))
