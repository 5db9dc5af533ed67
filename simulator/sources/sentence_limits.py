"""Which texts of a user are taken as sentences, and how many were left out."""

from dataclasses import dataclass

from semlink.codecs.text.words import word_count
from semlink.errors import WrongField


@dataclass
class SentenceLimits:
    """Limits of length in words between spaces; of scripts without spaces between words each character counts.

    min_words, max_words: of what is taken. repeated, short, long: how many were left out so far.
    Errors: WrongField when the limits make no sense.
    """

    min_words: int
    max_words: int
    repeated: int = 0
    short: int = 0
    long: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.min_words <= self.max_words:
            raise WrongField(
                f"A source of text cannot take min_words={self.min_words} with max_words={self.max_words}; "
                "give 1 or more, and the smaller number first."
            )

    def sentence(self, text: str) -> str | None:
        """A text in one line with single spaces; None where its length is outside the limits."""
        sentence = " ".join(text.split())
        words = word_count(sentence)
        if self.min_words <= words <= self.max_words:
            return sentence
        if sentence:
            self.short += words < self.min_words
            self.long += words > self.max_words
        return None

    def note(self, where: object, unit: str) -> str:
        """The sentence that says what was left out; "" where nothing was. unit: such as "lines"."""
        if not (self.repeated or self.short or self.long):
            return ""
        return (
            f"Of {where}, {unit} left out: {self.repeated} repeated, {self.short} of fewer than "
            f"{self.min_words} words, {self.long} of more than {self.max_words}."
        )
