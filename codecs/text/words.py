"""What a word is: one definition for vocabularies, metrics, limits of length, and for the names in a request."""

import unicodedata
from collections.abc import Sequence

import regex

# Scripts that put no space between words: each of their characters, with the marks on it, is a word of its own.
UNSPACED = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\u30FC\uFF70\uFF9E\uFF9F]"  # the long and voicing marks of Katakana belong to no script
)
CHARACTER = r"\w\u00B2\u00B3\u00B9\u00BC-\u00BE"  # the two libraries disagree on these raised digits and fractions
LETTER = rf"(?:(?!{UNSPACED})[{CHARACTER}])"
# Soft hyphen, the joiners of Persian and Indian scripts, and what else may stand inside a word unseen.
INSIDE = r"\u00AD\u034F\u200C\u200D\u2060"
RUN = rf"{LETTER}(?:{LETTER}|[{INSIDE}])*"
# A character of an unspaced script, or a word with its apostrophes, or one mark; only white space is between.
# Read alike by the library `regex` and by `tokenizers`, whose vocabulary files hold it.
WORD = rf"{UNSPACED}[\p{{M}}{INSIDE}]*|{RUN}(?:['’]{RUN})*|[^{CHARACTER}\s]\p{{M}}*"

_WORD = regex.compile(WORD)
_UNSPACED = regex.compile(rf"{UNSPACED}[\p{{M}}{INSIDE}]*")
_NO_SPACE = regex.compile(  # beside a character of an unspaced script: another, or a full-width mark
    rf"(?<={UNSPACED}[\p{{M}}{INSIDE}]*|[\u3001-\u303F\uFF01-\uFF65]) (?={UNSPACED}|[\u3001-\u303F\uFF01-\uFF65])"
)
_IGNORED = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
_APOSTROPHES = dict.fromkeys(map(ord, "’‘‛ʼʻʹˈ`´′＇׳"), "'")
# Vowel points of Hebrew and Arabic, which a writer may set or leave out; the stretching tatweel; the dot on an i.
_OPTIONAL = regex.compile(
    r"[\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0610-\u061A\u0640\u064B-\u0652\u0670\u06D6-\u06DC]+"
    r"|(?<=i)\u0307"
)
# What may stand between the words of one name.
_JOINERS = regex.compile(r"[\s\p{Pd}\p{Pc}'·・･‧]+")
_HYPHENS = regex.compile(r"[\s\p{Pd}\p{Pc}·・･‧]+")
_INITIAL = regex.compile(r"\b(\w{1,2})\.")  # J. R. Weber, St. Clair
_MARKS = regex.compile(r"[^\w\s]+")
_LETTERS = regex.compile(r"\w")
MARK = "|"  # stands for marks between words, across which no name goes


def words(text: str) -> list[str]:
    """The words and marks of a text, as vocabularies split them."""
    found: list[str] = _WORD.findall(text)
    return found


def word_count(text: str) -> int:
    """How long a text is: what stands between spaces, where each character of an unspaced script counts."""
    if text.isascii():
        return len(text.split())
    return len(_UNSPACED.sub(r" \g<0> ", text).split())


def spaced(found: Sequence[str]) -> str:
    """Words with spaces between them, but where an unspaced script puts none."""
    text = " ".join(found)
    return text if text.isascii() else _NO_SPACE.sub("", text)


def folded(text: str) -> str:
    """A text without the differences that writing a name in another way makes.

    Case, the kind of apostrophe, full-width and other compatibility forms, characters that are not seen, the vowel
    points of Hebrew and Arabic, and the dots of the Turkish i. Accents stay: they make another word.
    """
    if text.isascii():
        return text.replace("`", "'").casefold()
    text = _IGNORED.sub("", unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)))
    text = unicodedata.normalize("NFKC", text.casefold()).translate(_APOSTROPHES).replace("ı", "i")
    return unicodedata.normalize("NFC", _OPTIONAL.sub("", text))


def phrase(text: str) -> str:
    """The folded words of a text between single spaces, also at both ends; `|` where marks part them.

    Spaces, hyphens, apostrophes and underscores join words. So one text names another where its phrase holds the
    other's: " jean claude " is in the phrase of "says Jean-Claude's friend".
    """
    plain = folded(text)
    if plain.isascii():
        plain = plain.replace("-", " ").replace("_", " ").replace("'", " ")
    else:
        plain = _UNSPACED.sub(r" \g<0> ", _JOINERS.sub(" ", plain))
    plain = _MARKS.sub(f" {MARK} ", _INITIAL.sub(r"\1 ", plain))
    return f" {' '.join(plain.split())} "


def name_words(text: str) -> tuple[str, ...]:
    """The words of a name that a request gives, without the marks; none where it has no word."""
    return tuple(word for word in phrase(text).split() if word != MARK)


def term_words(found: Sequence[str]) -> list[str]:
    """Words and marks, as a vocabulary splits them, folded for counting names: "Smith's" stays one word.

    Hyphens and underscores part words and are left out; other marks are `|`.
    """
    result: list[str] = []
    for word in found:
        if word == "." and result and len(result[-1]) <= 2:  # an initial, as in `phrase`
            continue
        plain = folded(word)
        if plain.isascii() and plain.isalnum():
            result.append(plain)
        else:
            result += (part if _LETTERS.search(part) else MARK for part in _HYPHENS.split(plain) if part)
    return result
