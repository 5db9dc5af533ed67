"""Words, or characters, as the symbols of a language model."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

from semlink.codecs.digital.language.contract import UNKNOWN

RESERVED = 2  # END and UNKNOWN


class Vocabulary:
    """The entries that a model knows. Symbols: 0 the end of a sequence, 1 what is unknown, from 2 on the entries."""

    def __init__(self, entries: Sequence[str]) -> None:
        self.entries = tuple(entries)
        self._symbols = {entry: RESERVED + place for place, entry in enumerate(self.entries)}

    @classmethod
    def learn(cls, sequences: Iterable[Iterable[str]], least: int) -> Self:
        """What occurs at least so often: most frequent first, ties in alphabetical order."""
        counts = Counter(entry for sequence in sequences for entry in sequence)
        return cls(sorted((e for e in counts if counts[e] >= least), key=lambda entry: (-counts[entry], entry)))

    def __len__(self) -> int:
        """How many symbols there are, the reserved ones among them."""
        return RESERVED + len(self.entries)

    def symbol(self, entry: str) -> int:
        """The symbol of an entry; UNKNOWN for any other."""
        return self._symbols.get(entry, UNKNOWN)

    def entry(self, symbol: int) -> str:
        """The entry of a symbol from 2 on."""
        return self.entries[symbol - RESERVED]
