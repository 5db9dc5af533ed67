"""The classical chain as a codec: what fits arrives as it was sent, and what does not is an outage that shows."""

from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.digital.batch import DigitalBatch
from semlink.codecs.digital.budget import for_each_sample, for_each_word
from semlink.codecs.digital.codec import DigitalCodec
from semlink.codecs.digital.compression import COMPRESSORS
from semlink.codecs.digital.modulation_and_coding import LADDER, mcs_named
from semlink.codecs.text.tokenizer import TextTokenizer
from semlink.errors import CodecError
from semlink.seeding import generator_for

SENTENCES = ["The House rose and observed a minute's silence.", "I agree.", "Mr President, on a point of order!"]


@pytest.fixture
def text() -> DigitalCodec:
    reader = TextTokenizer.learn([], "word", 2, 1, lower_case=True)
    return DigitalCodec(COMPRESSORS["brotli"](), mcs_named("qpsk-1/2"), for_each_word(64, reader.words), reader)


@pytest.fixture
def images() -> DigitalCodec:
    codec = DigitalCodec(COMPRESSORS["webp"](), mcs_named("16qam-1/2"), for_each_sample(0.5), blank=(10, 20, 30))
    return codec.sized((16, 16, 3))


def pictures(count: int) -> list[Any]:
    """Smooth colourful squares."""
    down, across = np.mgrid[0:16, 0:16] * 15
    return [np.stack([down, across, 255 - down + number], axis=-1).astype(np.uint8) for number in range(count)]


def passed(codec: DigitalCodec, batch: DigitalBatch, snr_db: float) -> DigitalBatch:
    return codec.decode(build_channel("awgn")(codec.encode(batch), snr_db, generator_for(0)))


def test_sentences_arrive_over_a_good_channel(text: DigitalCodec) -> None:
    batch = text.prepare(SENTENCES)
    frame = text.encode(batch)
    assert (
        frame.mask.sum(dim=1).tolist()
        == batch.uses.tolist()
        == [64 * len(text.reference([s])[0].words) for s in SENTENCES]
    )
    energy = (frame.symbols.abs().square() * frame.mask).sum(dim=1) / frame.mask.sum(dim=1)
    assert torch.allclose(energy, torch.ones(3), atol=1e-5)
    estimate = passed(text, batch, 12.0)
    assert estimate.arrived.all()
    assert [one.words for one in text.as_metric_input(estimate)] == [one.words for one in text.reference(SENTENCES)]


def test_a_sentence_that_does_not_fit_is_cut_after_a_word(text: DigitalCodec) -> None:
    words = text.reference(SENTENCES[:1])[0].words
    estimate = text.deliver(text.prepare(SENTENCES[:1]), torch.tensor([150]))
    found = text.as_metric_input(estimate)[0].words
    assert 0 < len(found) < len(words)
    assert words[: len(found)] == found


def test_an_outage_is_known_and_shown(text: DigitalCodec, images: DigitalCodec) -> None:
    estimate = passed(text, text.prepare(SENTENCES), -15.0)
    assert not estimate.arrived.any()
    assert [one.words for one in text.as_metric_input(estimate)] == [()] * 3
    estimate = passed(images, images.prepare(pictures(2)), -15.0)
    assert not estimate.arrived.any()
    colours = images.as_metric_input(estimate).flatten(2).transpose(1, 2)
    assert torch.allclose(colours, torch.tensor([10.0, 20.0, 30.0]) / 255)


def test_images_get_better_with_more_bits(images: DigitalCodec) -> None:
    sent = images.reference(pictures(1))
    errors = []
    for name in ("qpsk-1/3", "16qam-1/2", "64qam-3/4"):
        own = images.at(mcs_named(name))
        estimate = passed(own, own.prepare(pictures(1)), 30.0)
        assert estimate.arrived.all()
        errors.append((own.as_metric_input(estimate) - sent).square().mean().item())
    assert errors[0] > errors[1] > errors[2]
    assert images.mcs == mcs_named("16qam-1/2")


def test_wrong_bits_that_pass_the_check_do_not_stop_the_receiver(text: DigitalCodec) -> None:
    """One wrong block in 65 536 passes; here its sender is another, whose bits are no DEFLATE stream."""
    batch = text.prepare(SENTENCES[:1])
    reader = DigitalCodec(COMPRESSORS["zlib"](), text.mcs, text.budget, text.reader)
    estimate = reader.decode(build_channel("awgn")(text.encode(batch), 20.0, generator_for(0)))
    assert not estimate.arrived.any()
    assert reader.as_metric_input(estimate)[0].words == ()


def test_too_few_channel_uses_are_an_outage_at_any_snr() -> None:
    codec = DigitalCodec(COMPRESSORS["jpeg2000"](), LADDER[0], for_each_sample(0.01), blank=(0,)).sized((8, 8))
    estimate = passed(codec, codec.prepare([np.full((8, 8), 200, dtype=np.uint8)]), 60.0)
    assert not estimate.arrived.any()
    assert codec.as_metric_input(estimate).max() == 0


def test_payloads_of_the_wrong_kind_are_refused(text: DigitalCodec, images: DigitalCodec) -> None:
    for codec, shape in ((text, (8, 8)), (images, ())):
        with pytest.raises(CodecError, match="choose a source of"):
            codec.sized(shape)
    with pytest.raises(CodecError, match="nothing to prepare"):
        text.prepare([])
