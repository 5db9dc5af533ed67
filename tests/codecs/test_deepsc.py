"""DeepSC beside a second implementation of what was published, and what it never says."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels.contract import Reception
from semlink.codecs.building import new_codec
from semlink.codecs.deepsc.configuration import DeepScConfig
from semlink.codecs.deepsc.layers import waves
from semlink.codecs.deepsc.model import DeepSc, label_offset_db
from semlink.codecs.text.batch import TextBatch
from semlink.codecs.text.configuration import TextCodecConfig
from semlink.codecs.text.words import words
from semlink.errors import WrongField
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import SPLITS

SENTENCES = ["a codec forgets", "the channel remembers what a codec sends", "it sends", "forgets"]
FIELDS = {"d_model": 8, "heads": 2, "feed_forward": 12, "encoder_layers": 2, "decoder_layers": 2, "channel_hidden": 10,
          "receiver_hidden": 14, "symbols_per_token": 3, "max_length": 9}  # fmt: skip


@pytest.fixture
def codec() -> DeepSc:
    made = new_codec("deepsc", FIELDS, SENTENCES, 0).eval()
    assert type(made) is DeepSc
    with torch.no_grad():
        for number, weight in enumerate(made.parameters()):
            weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(number)))
    return made


class Naive:
    """One sentence through numpy, weight by weight, position by position."""

    def __init__(self, codec: DeepSc) -> None:
        self.weights = {name: weight.detach().double().numpy() for name, weight in codec.named_parameters()}
        self.config: Any = codec.config

    def dense(self, name: str, x: np.ndarray) -> np.ndarray:
        bias = self.weights.get(f"{name}.bias", 0.0)
        return np.array(x @ self.weights[f"{name}.weight"].T + bias)

    def norm(self, name: str, x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6)
        return np.array(scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])

    def attention(self, name: str, x: np.ndarray, memory: np.ndarray, causal: bool) -> np.ndarray:
        q, k, v = (self.dense(f"{name}.{part}", y) for part, y in (("query", x), ("key", memory), ("value", memory)))
        size = q.shape[1] // self.config.heads
        out = np.zeros_like(q)
        for head in range(self.config.heads):
            cut = slice(head * size, (head + 1) * size)
            for row in range(len(q)):
                last = row + 1 if causal else len(k)
                scores = np.array([q[row, cut] @ k[column, cut] for column in range(last)]) / math.sqrt(size)
                shares = np.exp(scores - scores.max())
                out[row, cut] = shares / shares.sum() @ v[:last, cut]
        return self.dense(f"{name}.mixture", out)

    def feed_forward(self, name: str, x: np.ndarray) -> np.ndarray:
        return self.dense(f"{name}.2", np.maximum(self.dense(f"{name}.0", x), 0))

    def embed(self, end: str, ids: list[int]) -> np.ndarray:
        width = self.config.d_model
        x = self.weights[f"{end}.embedding.words.weight"][ids] * math.sqrt(width)
        for place in range(len(ids)):
            for column in range(width):
                angle = place / 10000 ** (2 * column / width)
                x[place, column] += math.cos(angle) if column % 2 else math.sin(angle)
        return np.array(x)

    def send(self, ids: list[int]) -> np.ndarray:
        """Real values before normalisation, [length, 2 * symbols]."""
        x = self.embed("semantic_encoder", ids)
        for layer in range(self.config.encoder_layers):
            name = f"semantic_encoder.layers.{layer}"
            x = self.norm(f"{name}.norms.0", x + self.attention(f"{name}.attention", x, x, False))
            x = self.norm(f"{name}.norms.1", x + self.feed_forward(f"{name}.feed_forward", x))
        return self.dense("channel_encoder.values", np.maximum(self.dense("channel_encoder.hidden", x), 0))

    def receive(self, values: np.ndarray, said: list[int]) -> np.ndarray:
        """Logits of the word after each that was said."""
        first = np.maximum(self.dense("channel_decoder.first", values), 0)
        hidden = np.maximum(self.dense("channel_decoder.hidden", first), 0)
        memory = self.norm("channel_decoder.norm", first + self.dense("channel_decoder.last", hidden))
        x = self.embed("semantic_decoder", said)
        for layer in range(self.config.decoder_layers):
            name = f"semantic_decoder.layers.{layer}"
            x = self.norm(f"{name}.norms.0", x + self.attention(f"{name}.attention", x, x, True))
            x = self.norm(f"{name}.norms.1", x + self.attention(f"{name}.listening", x, memory, False))
            x = self.norm(f"{name}.norms.2", x + self.feed_forward(f"{name}.feed_forward", x))
        return self.dense("semantic_decoder.projection", x)


@torch.no_grad()
def test_each_sentence_alone_as_published(codec: DeepSc) -> None:
    """In a padded batch and yet as if alone: symbols, then scores from what arrived of them with noise."""
    batch, naive = codec.prepare(SENTENCES), Naive(codec)
    frame = codec.encode(batch)
    noise = 0.3 * torch.randn(*frame.symbols.shape, 2, generator=torch.Generator().manual_seed(0))
    arrived = (frame.symbols + torch.view_as_complex(noise)) * frame.mask
    reception = Reception(arrived, torch.full((len(batch), 1), 0.18), frame.mask)
    believed = codec.predict(batch, reception)
    scores = torch.full((*believed.there.shape, codec.end + 1), -torch.inf)
    scores[believed.there] = believed.scores
    for row, ids in enumerate(batch.ids):
        words = ids[batch.mask[row]].tolist()
        values = naive.send([codec.start, *words, codec.end])
        values /= math.sqrt(2 * (values**2).mean())
        uses = frame.mask[row]
        sent = torch.view_as_real(frame.symbols[row][uses]).numpy().reshape(values.shape)
        np.testing.assert_allclose(sent, values, atol=2e-6)
        received = torch.view_as_real(arrived[row][uses]).double().numpy().reshape(values.shape)
        logits = naive.receive(received, [codec.start, *words])
        found = scores[row][: len(words) + 1].numpy()
        possible = np.isfinite(found)
        assert (~possible).sum() == 2 * (len(words) + 1) + 1  # padding and the start, and at first the end
        np.testing.assert_allclose(found[possible], logits[possible], atol=2e-5)


@torch.no_grad()
def test_says_the_best_word_at_each_step(codec: DeepSc) -> None:
    batch = codec.prepare(SENTENCES)
    frame = codec.encode(batch)
    reception = Reception(frame.symbols, torch.full((len(batch), 1), 0.1), frame.mask)
    estimate = codec.decode(reception)
    assert estimate.ids.shape[1] <= codec.config.max_length
    believed = codec.predict(estimate, reception)
    told = codec.element_ids(estimate)[believed.there]
    ends = (told == codec.end) & (estimate.mask.sum(dim=1) == codec.config.max_length).any()  # cut off, not ended
    assert torch.equal(believed.scores.argmax(dim=1)[~ends], told[~ends])


def test_framing_and_channel_uses(codec: DeepSc) -> None:
    batch = TextBatch(torch.tensor([[5, 6, 7], [4, 0, 0]]), torch.tensor([[True] * 3, [True, False, False]]))
    ids, there = codec.framed(batch)
    assert ids.tolist() == [[codec.start, 5, 6, 7, codec.end], [codec.start, 4, codec.end, 0, 0]]
    assert there.tolist() == [[True] * 5, [True] * 3 + [False] * 2]
    assert codec.channel_uses(batch).tolist() == [15, 9]
    assert codec.element_ids(batch).tolist() == [[5, 6, 7, codec.end], [4, codec.end, -1, -1]]


def test_positions() -> None:
    """Both rules by hand; they agree in the first two columns up to the rate of the second."""
    column, pair = waves(3, 4, "column"), waves(3, 4, "pair")
    expected = [math.sin(2), math.cos(2 / 10000**0.5), math.sin(2 / 10000), math.cos(2 / 10000**1.5)]
    assert column[2].tolist() == pytest.approx(expected)
    assert pair[2].tolist() == pytest.approx([math.sin(2), math.cos(2), math.sin(2 / 100), math.cos(2 / 100)])


def test_the_amplitude_is_a_gain_of_the_receiver_and_an_offset_of_labels(codec: DeepSc) -> None:
    assert label_offset_db(1.0) == 0.0
    assert label_offset_db(math.sqrt(2)) == pytest.approx(10 * math.log10(2))
    frame = codec.encode(codec.prepare(SENTENCES))
    variance = torch.full((len(frame.mask), 1), 0.1)
    plain, _ = codec.receive(Reception(2 * frame.symbols, variance, frame.mask))
    codec.config.amplitude = 2.0
    louder, _ = codec.receive(Reception(frame.symbols, variance, frame.mask))
    torch.testing.assert_close(louder, plain)


def test_words_begin_as_long_as_positions() -> None:
    """In a fresh codec; 5 % is more than five standard deviations of these 64 x 64 draws."""
    fresh = new_codec("deepsc", {**FIELDS, "d_model": 64}, [" ".join(f"word{number}" for number in range(60))], 0)
    for part in (fresh.semantic_encoder, fresh.semantic_decoder):
        embedding = part.embedding
        assert (embedding.scale * embedding.words.weight).pow(2).mean().sqrt().item() == pytest.approx(1.0, rel=0.05)


def test_wrong_fields() -> None:
    with pytest.raises(WrongField, match="heads"):
        new_codec("deepsc", {**FIELDS, "heads": 3}, SENTENCES, 0)
    codec = new_codec("deepsc", {**FIELDS, "feed_forward": None}, SENTENCES, 0)
    assert not [name for name, _ in codec.named_parameters() if "feed_forward" in name]


def test_the_embedded_sentences_fit_its_defaults() -> None:
    source = build_source("python-docs")
    longest = max(len(words(record.payload)) for split in SPLITS for record in source.split(split))
    assert 30 < longest <= DeepScConfig().max_length == TextCodecConfig().max_length
