"""Words and the text that they stand for, and how long a beginning of a sentence fits."""

from collections.abc import Callable

from semlink.codecs.digital.compression.contract import Bits
from semlink.errors import CodecError

LOOK_AHEAD = 3  # words


def text_of(words: tuple[str, ...]) -> str:
    """Words with one space between them.

    Errors: CodecError when a word is empty, has a space in it, or is no valid Unicode.
    """
    for word in words:
        if not isinstance(word, str) or not word or " " in word:
            raise CodecError(f"{word!r:.60} is no word; give words that are not empty and have no space in them.")
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise CodecError(f"{word!r:.60} is not text; give words of valid Unicode characters.") from error
    return " ".join(words)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text that `text_of` made."""
    return tuple(text.split(" ")) if text else ()


def longest_fitting(bits_of_first: Callable[[int], Bits], words: int, most: int) -> Bits | None:
    """The bits of the longest beginning of a sentence that takes at most `most` bits, None where not one word does.

    bits_of_first: the bits of the first so many words. Whole sentences are tried first, then beginnings by bisection;
    as the bits need not grow with every word, the next few beginnings are tried as well.
    """
    whole = bits_of_first(words)
    if len(whole) <= most:
        return whole
    low, high, best = 0, words, None
    while high - low > 1:
        middle = (low + high) // 2
        bits = bits_of_first(middle)
        low, high, best = (middle, high, bits) if len(bits) <= most else (low, middle, best)
    for count in range(low + 1, min(low + 1 + LOOK_AHEAD, words)):
        bits = bits_of_first(count)
        best = bits if len(bits) <= most else best
    return best
