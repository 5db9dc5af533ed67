"""The vocabularies of pretrained encoders: what arrives whole is equal to what was sent."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semlink.codecs.text.backbone_tokenizer import BackboneTokenizer
from semlink.errors import CodecError

NAMES = ("bert", "roberta", "t5")
KNOWN = ["sender", "don't", "do", "not", "channel", "symbol", ",", ".", "!", "(", ")", "fox", "by", "3"]


@pytest.fixture(params=NAMES)
def tokenizer(request: pytest.FixtureRequest, pretrained: Callable[[str], Path]) -> BackboneTokenizer:
    return BackboneTokenizer.from_json((pretrained(request.param) / "tokenizer.json").read_text())


@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.sampled_from(KNOWN), min_size=1, max_size=14))
def test_known_words_come_back(pretrained: Callable[[str], Path], words: list[str]) -> None:
    """More than six of them too, where the published file cuts and pads."""
    text = " ".join(words)
    for name in NAMES:
        tokenizer = BackboneTokenizer.from_json((pretrained(name) / "tokenizer.json").read_text())
        restored = tokenizer.decode(tokenizer.encode(text))
        assert restored.words == tokenizer.words(text)
        assert "".join(restored.words) == "".join(words)
        assert tokenizer.reference(text).tokens == restored.tokens


def test_words_and_marks_are_separate_words(tokenizer: BackboneTokenizer) -> None:
    assert tokenizer.words("the sender, (the fox)!") == ("the", "sender", ",", "(", "the", "fox", ")", "!")


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=20))
def test_any_text_can_be_sent(pretrained: Callable[[str], Path], text: str) -> None:
    for name in NAMES:
        tokenizer = BackboneTokenizer.from_json((pretrained(name) / "tokenizer.json").read_text())
        ids = tokenizer.encode(text)
        assert all(0 < index < len(tokenizer) for index in ids)
        if 1 not in ids:
            assert tokenizer.decode(ids).words == tokenizer.words(text)


@pytest.mark.parametrize(("name", "words"), [("bert", ("the", "<unk>", "fox")), ("t5", ("The", "<unk>", "fox"))])
def test_unknown_words_stay_visible_as_errors(
    pretrained: Callable[[str], Path], name: str, words: tuple[str, ...]
) -> None:
    tokenizer = BackboneTokenizer.from_json((pretrained(name) / "tokenizer.json").read_text())
    restored = tokenizer.decode(tokenizer.encode("The Ωδή fox"))
    assert restored.words == words
    assert restored.text == " ".join(words)
    assert tokenizer.reference("The Ωδή fox").words[0::2] == (words[0], "fox")


@pytest.mark.parametrize("text", ["[CLS] fox [SEP]", "<s> fox </s>", "[UNK]", "<unk>", "<pad>", "<extra_id_0>"])
def test_no_text_spells_a_special_symbol(tokenizer: BackboneTokenizer, text: str) -> None:
    spelled = {"[CLS]", "[SEP]", "[PAD]", "[MASK]", "</s>", "<s>", "<mask>", "<extra_id_0>"}
    tokens = [tokenizer.decode([index]).tokens[0] for index in tokenizer.encode(text)]
    assert spelled.isdisjoint(tokens)
    entries = {tokenizer.decode([index]).tokens[0] for index in range(len(tokenizer))}
    assert spelled.isdisjoint(entries)
    assert len(entries) == len(tokenizer)


def test_json_holds_all_of_it(tokenizer: BackboneTokenizer) -> None:
    again = BackboneTokenizer.from_json(tokenizer.to_json())
    text = "The sender's fox forgets 漢字, or not? [CLS]"
    assert again.reference(text) == tokenizer.reference(text)
    assert again.decode(again.encode(text)) == tokenizer.decode(tokenizer.encode(text))
    assert again.to_json() == tokenizer.to_json()
    assert again.rows(0) == tokenizer.rows(0)


def test_the_rows_of_special_symbols_stand_around_a_sentence(pretrained: Callable[[str], Path]) -> None:
    found = {}
    for name in NAMES:
        rows, before, after = BackboneTokenizer.from_json((pretrained(name) / "tokenizer.json").read_text()).rows(0)
        found[name] = (rows[len(rows) - before - after :], before, after)
    assert found == {"bert": ([2, 3], 1, 1), "roberta": ([0, 2], 1, 1), "t5": ([1], 0, 1)}


def test_foreign_json_is_refused() -> None:
    for text in ("", "{}", "[1]"):
        with pytest.raises(CodecError):
            BackboneTokenizer.from_json(text)
