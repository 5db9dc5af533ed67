"""The name of a sentence that does not depend on where it stands."""

import hashlib
import re


def sentence_digest(sentence: str) -> str:
    """Twelve hexadecimal digits, equal for sentences that differ in case or punctuation alone."""
    words = " ".join(re.findall(r"\w+", sentence.casefold()))
    return hashlib.blake2b(words.encode(), digest_size=6).hexdigest()
