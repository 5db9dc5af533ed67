"""Range coding to the last bit: the shortest bits that a decoder still reads as the same symbols."""

import constriction  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from semlink.codecs.digital.compression.bits import number_bits, undecodable
from semlink.codecs.digital.compression.contract import Bits

WORD, STATE = 32, 64  # bits of a word that the library writes, and of the interval that it keeps
SCALE = float(
    1 << 30
)  # probabilities become whole numbers of this unit, so that their sum does not depend on its order
SLACK = 2  # bits that a code may be longer than -log2 of the probability of its symbols


class RangeWriter:
    """A coder that writes."""

    def __init__(self) -> None:
        self._encoder = constriction.stream.queue.RangeEncoder()

    def code(self, probabilities: NDArray[np.float64], symbol: int | None) -> int:
        if symbol is None:
            raise TypeError("a writer needs a symbol")
        self._encoder.encode(symbol, _model(probabilities))
        return symbol

    def ended(self, probabilities: NDArray[np.float64], symbol: int) -> Bits:
        """The bits of what was written and of one more symbol, the last; the writer goes on without that symbol.

        The library ends a code with whole words. Any number in the final interval would do, with zeros for all missing
        bits: this is the number with the fewest bits.
        """
        encoder = self._encoder.clone()
        encoder.encode(symbol, _model(probabilities))
        words, (low, width) = encoder.pos()
        size = WORD * words + STATE
        written = encoder.get_compressed()
        inside = int.from_bytes(written.astype(">u4").tobytes(), "big") << (size - WORD * len(written))
        begin = inside - (inside - low) % (1 << STATE)  # the interval has its begin in full; `low` is the end of it
        for length in range(size + 1):
            left = size - length
            number = -(-begin >> left)
            if number << left < begin + width:
                return number_bits(number, length)
        raise AssertionError("an interval holds its begin")


class RangeReader:
    """A coder that reads. Errors: CodecError when nothing was written so."""

    def __init__(self, bits: Bits) -> None:
        words = np.packbits(np.append(bits, np.zeros(-len(bits) % WORD, dtype=np.uint8))).view(">u4")
        self._decoder = constriction.stream.queue.RangeDecoder(words.astype(np.uint32))
        self._left = float(len(bits))

    def code(self, probabilities: NDArray[np.float64], symbol: int | None) -> int:
        model = _model(probabilities)
        try:
            read = int(self._decoder.decode(model))
        except AssertionError as error:
            raise undecodable() from error
        self._left += float(np.log2(probabilities[read]))
        return read

    def finish(self) -> None:
        """Errors: CodecError when there are more bits than the symbols that were read can have taken."""
        if self._left > SLACK:
            raise undecodable()


def _model(probabilities: NDArray[np.float64]) -> object:
    return constriction.stream.model.Categorical(np.floor(probabilities * SCALE) + 1, lazy=True)
