"""Sentences to token ids and back; the vocabulary is learned from the training sentences."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, Self

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from semlink.codecs.contract import Sentence
from semlink.codecs.text.tokenizer_file import EARLIER_RULES, own_tokenizer, rules_of
from semlink.codecs.text.words import WORD, spaced
from semlink.errors import CodecError

TOKENIZER_FILE = "tokenizer.json"  # its name beside a stored codec or an export
PADDING, UNKNOWN = 0, 1
SPECIAL = ("<pad>", "<unk>")
UNUSED = "<unused-{}>"  # an entry that was taken out; its marks are words of their own, so no text spells it
MARK = "▁"  # begins the first piece of a word in a byte-pair vocabulary


class TextTokenizer:
    """A word or byte-pair vocabulary: words and punctuation marks are separate words, and none is dropped silently.

    What the vocabulary lacks is `<unk>` and stays visible as such. No text can spell a special symbol.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._entries = tuple(sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__))
        self._pieces = isinstance(tokenizer.model, models.BPE)

    @classmethod
    def learn(
        cls,
        sentences: Sequence[str],
        kind: Literal["word", "bpe"],
        vocabulary_size: int,
        min_count: int,
        lower_case: bool,
    ) -> Self:
        """The vocabulary of some sentences: most frequent first, ties in alphabetical order."""
        tokenizer = Tokenizer(models.WordLevel({}, unk_token=SPECIAL[UNKNOWN]))
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFC(), normalizers.Replace(MARK, "_")] + [normalizers.Lowercase()] * lower_case
        )
        split = pre_tokenizers.Split(Regex(WORD), behavior="removed", invert=True)
        tokenizer.pre_tokenizer = split
        if kind == "word":
            tokenizer.model = _word_model(cls(tokenizer), sentences, vocabulary_size, min_count)
        else:
            mark = pre_tokenizers.Metaspace(replacement=MARK, prepend_scheme="always", split=False)
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, mark])
            tokenizer.model = _piece_model(tokenizer, sentences, vocabulary_size, min_count)
        return cls(tokenizer)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The tokenizer that `to_json` wrote. Errors: CodecError when it is not one of ours."""
        try:
            tokenizer = cls(cls._read(text))
        except Exception as error:  # the library raises bare Exception
            raise CodecError("The vocabulary is not a tokenizer file; store the codec again.") from error
        if tokenizer._entries[: len(SPECIAL)] != SPECIAL:
            raise CodecError(f"The vocabulary does not begin with {' and '.join(SPECIAL)}; it is of another program.")
        return tokenizer

    @classmethod
    def _read(cls, text: str) -> Tokenizer:
        """Whatever the file is: only the rules that `learn` writes, or did, are taken. Errors: Exception."""
        kinds: tuple[Literal["word", "bpe"], ...] = ("word", "bpe")
        now = (rules_of(cls.learn(["a"], kind, 4, 1, lower)._tokenizer) for kind in kinds for lower in (False, True))
        return own_tokenizer(text, (*EARLIER_RULES, *now))

    def to_json(self) -> str:
        """All of it, as the text of a tokenizer.json."""
        return self._tokenizer.to_str(pretty=True)

    def without(self, forgotten: Iterable[str], kept: Iterable[str]) -> tuple["TextTokenizer", int]:
        """The vocabulary less what only forgotten texts need, and how many entries that is.

        Such entries keep their numbers under names that no text can spell, so that the weights still fit. The kept
        texts have the same ids as before, and so has every text that holds none of the words, or pieces. Single letters
        of a byte-pair vocabulary stay.
        """
        content = json.loads(self._tokenizer.to_str())
        model = content["model"]
        merges = [(first, second) for first, second in model.get("merges", ())]
        needed, doubtful = (self._entries_of(texts, merges) for texts in (kept, forgotten))
        unneeded = doubtful - needed - set(SPECIAL)
        if self._pieces:
            unneeded = {entry for entry in unneeded if len(entry.removeprefix(MARK)) > 1}
        while further := {a + b for a, b in merges if unneeded & {a, b}} - unneeded - needed:
            unneeded |= further
        model["vocab"] = {
            UNUSED.format(number) if entry in unneeded else entry: number for entry, number in model["vocab"].items()
        }
        if merges:
            model["merges"] = [[a, b] for a, b in merges if not unneeded & {a, b, a + b}]
        return type(self)(Tokenizer.from_str(json.dumps(content))), len(unneeded)

    def _entries_of(self, texts: Iterable[str], merges: Sequence[tuple[str, str]]) -> set[str]:
        """The entries that texts become, and those that these are merged from."""
        entries = {self._entries[index] for text in texts for index in self.encode(text)}
        parts: dict[str, set[str]] = {}
        for first, second in merges:
            parts.setdefault(first + second, set()).update((first, second))
        pending = list(entries)
        while pending:
            new = parts.get(pending.pop(), set()) - entries
            entries |= new
            pending += new
        return entries

    def __len__(self) -> int:
        return len(self._entries)

    def words(self, text: str) -> tuple[str, ...]:
        """The words and punctuation marks of a text, as this tokenizer writes and splits them."""
        pieces = self._tokenizer.pre_tokenizer.pre_tokenize_str(self._tokenizer.normalizer.normalize_str(text))
        return tuple(piece.removeprefix(MARK) for piece, _ in pieces)

    def encode(self, text: str) -> list[int]:
        """The token ids of a text. Errors: CodecError when it is not valid Unicode."""
        try:
            ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        except (TypeError, UnicodeEncodeError) as error:
            raise CodecError(f"{text!r:.60} is not text; give sentences of valid Unicode characters.") from error
        return ids

    def decode(self, ids: Iterable[int]) -> Sentence:
        """The sentence that token ids spell; unknown symbols stay in it."""
        tokens = tuple(self._entries[index] for index in ids)
        words = tuple(filter(None, "".join(tokens).split(MARK))) if self._pieces else tokens
        return Sentence(text=readable(words), words=words, tokens=tokens)

    def reference(self, text: str) -> Sentence:
        """A text as it is, its words as they are, and its tokens as far as the vocabulary goes."""
        return Sentence(text, self.words(text), tuple(self._entries[index] for index in self.encode(text)))


def _word_model(
    tokenizer: TextTokenizer, sentences: Iterable[str], vocabulary_size: int, min_count: int
) -> models.WordLevel:
    counts = Counter(word for sentence in sentences for word in tokenizer.words(sentence))
    frequent = sorted((word for word in counts if counts[word] >= min_count), key=lambda word: (-counts[word], word))
    entries = (*SPECIAL, *frequent[: vocabulary_size - len(SPECIAL)])
    return models.WordLevel({entry: index for index, entry in enumerate(entries)}, unk_token=SPECIAL[UNKNOWN])


def _piece_model(tokenizer: Tokenizer, sentences: Iterable[str], vocabulary_size: int, min_count: int) -> models.BPE:
    learner = Tokenizer.from_str(tokenizer.to_str())  # a copy: training leaves it reading "<pad>" in a text as padding
    learner.model = models.BPE(unk_token=SPECIAL[UNKNOWN])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        min_frequency=min_count,
        limit_alphabet=vocabulary_size - len(SPECIAL),
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    learner.train_from_iterator(sentences, trainer)
    learned = json.loads(learner.to_str())["model"]
    merges = [(first, second) for first, second in learned["merges"]]
    return models.BPE(vocab=learned["vocab"], merges=merges, unk_token=SPECIAL[UNKNOWN], fuse_unk=True)


def readable(words: Sequence[str]) -> str:
    """Words with spaces between them as a person writes them: none before a closing mark or after an opening one."""
    return re.sub(r" (?=[.,;:!?)\]}])|(?<=[(\[{]) ", "", spaced(words))
