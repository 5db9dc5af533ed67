"""What only the text codec promises."""

from typing import Any

import pytest
import torch

from semlink.channels.contract import Reception
from semlink.codecs.text.batch import TextBatch
from semlink.codecs.text.configuration import TextCodecConfig
from semlink.codecs.text.model import TextCodec
from semlink.errors import CodecError, WrongField


def test_selection_is_cut_to_its_longest_sentence(text: Any) -> None:
    batch = text.codec().prepare(text.payloads)
    chosen = batch[torch.tensor([3, 0])]
    assert len(chosen) == 2
    assert chosen.ids.shape == (2, 4)
    assert chosen.ids[0].tolist() == batch.ids[3, :4].tolist()
    assert chosen.mask.all()
    assert batch[torch.tensor([], dtype=torch.int64)].ids.shape == (0, 0)


def test_symbols_of_a_token(text: Any) -> None:
    codec = text.codec()
    batch = codec.prepare(["Forget the sender."])
    assert codec.channel_uses(batch).tolist() == [12]
    assert codec.encode(batch).symbols.shape == (1, 12)


def test_over_long_and_empty_sentences_are_refused(text: Any) -> None:
    codec = text.codec()
    codec.prepare(["noise " * 14])
    with pytest.raises(CodecError, match="has 15 tokens, but this codec takes at most 14"):
        codec.prepare(["Forget.", "noise " * 15])
    for empty in ("", "  \n"):
        with pytest.raises(CodecError, match="holds no word"):
            codec.prepare(["Forget.", empty])
    with pytest.raises(CodecError, match="at least one"):
        codec.prepare([])


def test_a_reception_of_another_codec_is_refused(text: Any) -> None:
    codec = text.codec()
    for uses in (4, 45):
        mask = torch.ones(1, uses, dtype=torch.bool)
        with pytest.raises(CodecError, match=f"A reception of {uses} channel uses is not from this codec"):
            codec.decode(Reception(torch.zeros(1, uses, dtype=torch.complex64), torch.ones(1, 1), mask))


def test_padding_is_never_the_answer(text: Any) -> None:
    codec = text.codec()
    with torch.no_grad():
        codec.vocabulary_bias[0] = 100.0
    batch = codec.prepare(text.payloads)
    estimate = codec.decode(Reception(*_noiseless(codec, batch)))
    assert torch.equal(estimate.ids != 0, batch.mask)
    assert torch.equal(estimate.mask, batch.mask)


def test_the_order_of_words_is_sent(text: Any) -> None:
    codec = text.codec()
    first, second = codec.encode(codec.prepare(["the sender forgets", "forgets sender the"])).symbols
    assert not torch.allclose(first.view(3, 3).flip(0).flatten(), second, atol=1e-3)


def test_a_codec_without_vocabulary_says_so() -> None:
    codec = TextCodec(TextCodecConfig(d_model=8, heads=2, vocabulary_size=9))
    with pytest.raises(CodecError, match="no vocabulary"):
        codec.prepare(["hello"])


@pytest.mark.parametrize("field", ["tokenizer", "receiver"])
def test_unknown_choices_are_refused(text: Any, field: str) -> None:
    with pytest.raises(WrongField, match=field):
        text.codec(**{field: "magic"})


def test_pieces_of_words_can_be_sent(text: Any) -> None:
    codec = text.codec(tokenizer="bpe", vocabulary_size=40, max_length=60)
    batch = codec.prepare(text.payloads)
    assert len(codec.tokenizer) == codec.config.vocabulary_size == 40
    assert [sentence.words for sentence in codec.as_metric_input(batch)] == [
        codec.words(payload) for payload in text.payloads
    ]


def _noiseless(codec: Any, batch: TextBatch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    frame = codec.encode(batch)
    return frame.symbols, torch.full((len(batch), 1), 0.01), frame.mask
