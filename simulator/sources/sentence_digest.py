"""The name of a sentence that does not depend on where it stands."""

import hashlib
import re
import unicodedata
from collections.abc import Callable

import regex

from semlink.codecs.text.words import CHARACTER

Digest = Callable[[str], str]

# Punctuation that may differ between two writings of one sentence. Any other sign belongs to what a sentence says, and
# so does a minus before a number.
_PUNCTUATION = r".,;:!?'\"()\[\]{}/\\&…·“”„‟«»‹›‘’‚‛´`¿¡\p{Pd}、。「」『』【】，．；：！？（）・"
_TOKEN = regex.compile(
    rf"[{CHARACTER}][{CHARACTER}\p{{M}}]*|(?<![^\s(])[-–−](?=[.,]?\d)|[^{CHARACTER}\s{_PUNCTUATION}]\p{{M}}*"
)
_UNSEEN = regex.compile(r"\p{Default_Ignorable_Code_Point}+")


def sentence_digest(sentence: str) -> str:
    """Twelve hexadecimal digits, equal for sentences that differ in case or ordinary punctuation alone.

    It depends on the text alone, and is `word_digest` where the text is words and punctuation.
    """
    plain = _UNSEEN.sub("", unicodedata.normalize("NFC", sentence))
    return _digest(" ".join(_TOKEN.findall(plain.casefold())) or plain)


def word_digest(sentence: str) -> str:
    """Twelve hexadecimal digits, equal for sentences that differ in case, punctuation or other signs.

    For the published collections, whose records have been named so.
    """
    return _digest(" ".join(re.findall(r"\w+", sentence.casefold())))


def _digest(words: str) -> str:
    return hashlib.blake2b(words.encode(), digest_size=6).hexdigest()
