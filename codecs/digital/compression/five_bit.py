"""Five bits for each character."""

from typing import ClassVar

import numpy as np

from semlink.codecs.contract import Modality
from semlink.codecs.digital.compression.bits import bits_of, bytes_of, joined, number_bits, number_of, undecodable
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.compression.sentences import text_of, words_of

CHARACTERS = "abcdefghijklmnopqrstuvwxyz .,'-"
WIDTH, ESCAPE = 5, 31


class FiveBit(Compressor[tuple[str, ...]]):
    """The same five bits for each letter, for the space between words and for the marks . , ' -

    Any other character is the escape, all ones, and the bytes of its UTF-8 form.

    Source: Xie et al., Deep Learning Enabled Semantic Communication Systems, 2021, section V, which codes letters
            alone.
    """

    modality: ClassVar[Modality] = "text"

    def fit(self, payload: tuple[str, ...], most: int) -> Bits | None:
        text_of(payload)
        codes = [joined(*map(_code, word)) for word in payload]
        lengths = np.cumsum([len(code) + WIDTH for code in codes]) - WIDTH
        count = int(np.searchsorted(lengths, most, side="right"))
        if payload and count == 0:
            return None
        space = _code(" ")
        spaced = [part for code in codes[:count] for part in (space, code)]
        return joined(*spaced[1:]) if spaced else np.zeros(0, dtype=np.uint8)

    def restore(self, bits: Bits, shape: tuple[int, ...]) -> tuple[str, ...]:
        characters, at = [], 0
        while at < len(bits):
            code, at = number_of(bits[at : at + WIDTH]), at + WIDTH
            if at > len(bits):
                raise undecodable()
            if code == ESCAPE:
                character, at = escaped_character(bits, at)
                characters.append(character)
            else:
                characters.append(CHARACTERS[code])
        return words_of("".join(characters))


def escaped_character(bits: Bits, at: int) -> tuple[str, int]:
    """The character whose UTF-8 bytes begin at some bit, and the bit behind it. Errors: CodecError."""
    ones = next(
        (place for place, bit in enumerate(bits[at : at + 5]) if not bit), 5
    )  # a first byte says how many follow
    end = at + 8 * max(1, ones)
    try:
        return bytes_of(bits[at:end]).decode(), end
    except UnicodeDecodeError as error:
        raise undecodable() from error


def _code(character: str) -> Bits:
    place = CHARACTERS.find(character)
    return number_bits(place, WIDTH) if place >= 0 else joined(number_bits(ESCAPE, WIDTH), bits_of(character.encode()))
