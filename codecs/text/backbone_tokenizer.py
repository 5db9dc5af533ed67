"""The tokenizer of a pretrained text encoder, in the form that text codecs use."""

import json
from collections.abc import Iterable, Sequence

import regex
from tokenizers import Tokenizer

from semlink.codecs.contract import Sentence
from semlink.codecs.text.tokenizer import SPECIAL, UNKNOWN, TextTokenizer, readable
from semlink.codecs.text.tokenizer_file import published_tokenizer
from semlink.codecs.text.words import WORD, words

HOLE = "\ue000"  # stands for the unknown symbol while pieces are joined; a private character, of no language
HOLED_WORD = regex.compile(WORD.replace(r"\w", rf"\w{HOLE}"))


class BackboneTokenizer(TextTokenizer):
    """A `tokenizer.json` of any kind (word pieces, unigram, byte pairs) as a vocabulary of our own form.

    Padding and the unknown symbol come first, then the entries in their order; other special symbols are no entries,
    so that a receiver cannot answer with one, and a text that spells one is sent as its letters. Words are those of the
    text that pieces spell, so that they are equal whenever all pieces arrive and none was unknown.
    """

    @classmethod
    def _read(cls, text: str) -> Tokenizer:
        return published_tokenizer(text)

    def __init__(self, tokenizer: Tokenizer) -> None:
        content = json.loads(tokenizer.to_str())
        content["truncation"] = content["padding"] = None  # published files cut sentences, or pad them
        self._tokenizer = Tokenizer.from_str(json.dumps(content))
        self._tokenizer.encode_special_tokens = True
        model, vocabulary = content["model"], self._tokenizer.get_vocab()
        unknown = model.get("unk_id") if model["type"] == "Unigram" else vocabulary.get(model.get("unk_token"))
        special = {token["id"] for token in content["added_tokens"] if token["special"]}
        named = {number: entry for entry, number in vocabulary.items() if number not in {*special, unknown}}
        ordinary = sorted(named)
        self._entries = (*SPECIAL, *(named[number] for number in ordinary))
        self._numbers = {number: index for index, number in enumerate(ordinary, start=len(SPECIAL))}
        self._rows = [0, 0 if unknown is None else unknown, *ordinary]

    def rows(self, padding: int) -> tuple[list[int], int, int]:
        """The pretrained row of each entry and of each special symbol around a sentence; how many are before, after.

        In: padding: the row of the padding symbol, whose vector is never looked at.
        """
        probe = self._tokenizer.encode("a")
        around = [(number, special) for number, special in zip(probe.ids, probe.special_tokens_mask, strict=True)]
        before = next((index for index, (_, special) in enumerate(around) if not special), len(around))
        special = [number for number, is_special in around if is_special]
        return [padding, *self._rows[1:], *special], before, len(special) - before

    def without(self, forgotten: Iterable[str], kept: Iterable[str]) -> tuple[TextTokenizer, int]:
        """All of it: a pretrained vocabulary is not of the records of the training."""
        return self, 0

    def words(self, text: str) -> tuple[str, ...]:
        normalizer, splitter = self._tokenizer.normalizer, self._tokenizer.pre_tokenizer
        plain = normalizer.normalize_str(text) if normalizer else text
        pieces = [piece for piece, _ in splitter.pre_tokenize_str(plain)] if splitter else [plain]
        return tuple(words(self._spelled(pieces)))

    def encode(self, text: str) -> list[int]:
        return [self._numbers.get(number, UNKNOWN) for number in super().encode(text)]

    def decode(self, ids: Iterable[int]) -> Sentence:
        tokens = tuple(self._entries[index] for index in ids)
        spelled = self._spelled([HOLE if token == SPECIAL[UNKNOWN] else token for token in tokens])
        found = tuple(word.replace(HOLE, SPECIAL[UNKNOWN]) for word in HOLED_WORD.findall(spelled))
        return Sentence(text=readable(found), words=found, tokens=tokens)

    def _spelled(self, pieces: Sequence[str]) -> str:
        decoder = self._tokenizer.decoder
        text: str = decoder.decode(list(pieces)) if decoder else " ".join(pieces)
        return text
