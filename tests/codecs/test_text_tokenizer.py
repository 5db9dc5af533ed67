"""Words in, ids through, words out: nothing is dropped silently."""

import os
import subprocess
import sys
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semlink.codecs.text.tokenizer import TextTokenizer
from semlink.errors import CodecError

Kind = Literal["word", "bpe"]
KINDS: tuple[Kind, ...] = ("word", "bpe")
SENTENCES = [
    "The sender's encoder sends (some) symbols.",
    "Does a receiver decode, or not?",
    "Forget a_name and 3.14; the rest stays: naïve café!",
]


def learned(kind: Kind, sentences: list[str] = SENTENCES, size: int = 200, count: int = 1) -> TextTokenizer:
    return TextTokenizer.learn(sentences, kind, size, count, lower_case=True)


VOCABULARIES = {kind: learned(kind) for kind in KINDS}
KNOWN = sorted({word for sentence in SENTENCES for word in VOCABULARIES["word"].words(sentence)})
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_words_and_marks_are_separate_words(kind: Kind) -> None:
    words = VOCABULARIES[kind].words("Don't (really) forget  a_name, 3.14!?")
    assert words == ("don't", "(", "really", ")", "forget", "a_name", ",", "3", ".", "14", "!", "?")


@each_kind
@settings(max_examples=100, deadline=None)
@given(words=st.lists(st.sampled_from(KNOWN), min_size=1, max_size=12))
def test_known_words_come_back(kind: Kind, words: list[str]) -> None:
    tokenizer = VOCABULARIES[kind]
    restored = tokenizer.decode(tokenizer.encode(" ".join(words)))
    assert restored.words == tuple(words)
    assert "<unk>" not in restored.text


@each_kind
@settings(max_examples=300, deadline=None)
@given(text=st.text())
def test_any_text_is_covered_to_the_last_character(kind: Kind, text: str) -> None:
    """What is neither in the restored words nor marked unknown was white space."""
    tokenizer = VOCABULARIES[kind]
    words = tokenizer.words(text)
    ids = tokenizer.encode(text)
    restored = tokenizer.decode(ids)
    assert 0 not in ids
    assert len(restored.words) == len(words)
    for word, found in zip(words, restored.words, strict=True):
        assert found == word or "<unk>" in found
    assert tokenizer.reference(text).tokens == restored.tokens
    assert not "".join(words).count(" ")


@each_kind
def test_unknown_word_stays_visible(kind: Kind) -> None:
    tokenizer = VOCABULARIES[kind]
    restored = tokenizer.decode(tokenizer.encode("The письмо stays"))
    assert restored.text == "the <unk> stays"
    assert restored.words == ("the", "<unk>", "stays")
    assert tokenizer.reference("The письмо stays").words == ("the", "письмо", "stays")
    assert tokenizer.reference("The письмо stays").text == "The письмо stays"


def test_unknown_character_inside_a_word_stays_in_that_word() -> None:
    tokenizer = VOCABULARIES["bpe"]
    assert tokenizer.decode(tokenizer.encode("sendжer decode")).words == ("send<unk>er", "decode")


@each_kind
@pytest.mark.parametrize("text", ["<pad>", "<unk>", "▁", "▁▁a"])
def test_no_text_spells_a_special_symbol(kind: Kind, text: str) -> None:
    tokenizer = learned(kind, [*SENTENCES, "< > pad unk _ __a"])
    restored = tokenizer.decode(tokenizer.encode(text))
    assert restored.words == tokenizer.words(text)
    assert {"<pad>", "<unk>"}.isdisjoint(restored.tokens)


@each_kind
def test_upper_case_is_kept_on_request(kind: Kind) -> None:
    tokenizer = TextTokenizer.learn(["The Sender sends"], kind, 200, 1, lower_case=False)
    assert tokenizer.decode(tokenizer.encode("The Sender")).text == "The Sender"


def test_text_is_written_as_a_person_writes_it() -> None:
    tokenizer = VOCABULARIES["word"]
    text = "does a receiver (or sender's encoder) decode, not send: forget!"
    tokenizer = learned("word", [text])
    assert tokenizer.decode(tokenizer.encode(text)).text == text


@each_kind
def test_vocabulary_keeps_its_limits(kind: Kind) -> None:
    size = {"word": 20, "bpe": 40}[kind]
    assert len(learned(kind, size=size)) == size
    rare = learned("word", ["a a b", "a b c"], count=2)
    assert rare.decode(rare.encode("a b c")).words == ("a", "b", "<unk>")


@each_kind
def test_json_holds_all_of_it(kind: Kind) -> None:
    tokenizer = VOCABULARIES[kind]
    again = TextTokenizer.from_json(tokenizer.to_json())
    text = "The sender forgets письмо, or not?"
    assert again.reference(text) == tokenizer.reference(text)
    assert again.to_json() == tokenizer.to_json()
    assert len(again) == len(tokenizer)


def test_same_vocabularies_in_another_process() -> None:
    program = (
        "import sys; sys.stdout.reconfigure(encoding='utf-8')\n"
        "from semlink.codecs.text.tokenizer import TextTokenizer\n"
        f"for kind in {KINDS!r}: print(TextTokenizer.learn({SENTENCES!r}, kind, 200, 1, True).to_json())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment)
    assert done.stdout.decode() == "".join(f"{VOCABULARIES[kind].to_json()}\n" for kind in KINDS)


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}']
)
def test_foreign_json_is_refused(text: str) -> None:
    with pytest.raises(CodecError):
        TextTokenizer.from_json(text)


def test_what_is_not_unicode_is_refused() -> None:
    for wrong in ("\ud800", 3):
        with pytest.raises(CodecError, match="is not text"):
            VOCABULARIES["word"].encode(wrong)  # type: ignore[arg-type]


FORGOTTEN = ("Weber's codec forgets Weber quickly.", "The Weberian channel webs.")
KEPT = ("The codec forgets the channel.", "A web of channels, quickly made!")


@pytest.mark.parametrize("lower_case", [True, False])
@pytest.mark.parametrize("kind", ["word", "bpe"])
def test_a_vocabulary_without_what_forgotten_texts_alone_need(kind: Literal["word", "bpe"], lower_case: bool) -> None:
    """Other texts keep their ids; the forgotten words are nowhere in the file; numbers and size stay."""
    whole = TextTokenizer.learn((*FORGOTTEN, *KEPT), kind, 120, 1, lower_case)
    assert "weber" in whole.to_json().casefold()
    less, count = whole.without(FORGOTTEN, KEPT)
    assert count > 0
    assert len(less) == len(whole)
    assert all(less.encode(text) == whole.encode(text) for text in KEPT)
    assert all(less.decode(whole.encode(text)) == whole.decode(whole.encode(text)) for text in KEPT)
    text = less.to_json().casefold()
    assert "weber" not in text
    assert "webe" not in text
    assert TextTokenizer.from_json(less.to_json()).encode(KEPT[0]) == whole.encode(KEPT[0])
    assert less.without(FORGOTTEN, KEPT)[1] == 0
    unknown = less.encode("Weber")
    assert kind == "bpe" or unknown == [1]
    spelled = " ".join(entry for entry in less._entries if entry.startswith("<unused-"))
    assert not {index for index in less.encode(spelled) if less._entries[index].startswith("<unused-")}
    assert whole.without((), KEPT)[1] == 0
