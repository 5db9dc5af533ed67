"""Reinitialised words end where a codec that never met them has them, and nothing else moves."""

import copy
from typing import Any

import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec_like
from semlink.codecs.neural_codec import NeuralCodec
from semlink.simulator.batches import Batches
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.scu.reinitialise import reinitialise

CHANNEL = build_channel("awgn")


@pytest.fixture
def context(speaker: NeuralCodec[Any], text_training: TrainingSettings) -> ErasureContext:
    return ErasureContext(CHANNEL, text_training, seed=0, fresh=lambda: new_codec_like(speaker, 9))


@torch.no_grad()
def score(codec: NeuralCodec[Any], word: int, partition: Partition) -> float:
    """Mean log-probability of a word where retained sentences hold others."""
    batch = codec.prepare([record.payload for record in partition.retain])
    reception = CHANNEL(codec.encode(batch), 12.0, torch.Generator().manual_seed(1))
    vectors, bias = codec.element_parameters()
    scores = codec.element_features(batch, reception) @ vectors.T + bias
    return scores.log_softmax(dim=1)[:, word].mean().item()


def test_drifts_as_far_as_training_without_the_word(
    speaker: NeuralCodec[Any], lines: Partition, text_training: TrainingSettings, context: ErasureContext
) -> None:
    """Between the fresh vector, which is likelier, and one pushed away twice as far as by retraining."""
    (word,) = speaker.prepare(["ray"]).ids.flatten()
    retrained = new_codec_like(speaker, 3)
    train(retrained, lines.retain, lines.validation, CHANNEL, text_training, 3)
    reinitialised, fresh, new = copy.deepcopy(speaker), copy.deepcopy(speaker), context.fresh()
    steps = reinitialise(reinitialised, word.view(1), Batches(speaker, lines.retain, 32, 0, "retain", "cpu"), context)
    with torch.no_grad():
        for parameter, value in zip(fresh.element_parameters(), new.element_parameters(), strict=True):
            parameter[word] = value[word]
    assert steps == round(0.2 * text_training.steps)
    before, after, wanted = (score(codec, int(word), lines) for codec in (fresh, reinitialised, retrained))
    assert after < before - 0.3 * (before - wanted)
    assert after > before - 2 * (before - wanted)
    for name, value in speaker.named_parameters():
        changed = reinitialised.get_parameter(name) != value
        if name in ("embedding.weight", "vocabulary_bias"):
            assert changed.view(len(value), -1).any(dim=1).nonzero().flatten().tolist() == [word]
        else:
            assert not changed.any()


def test_without_exclusive_words_nothing_changes(
    speaker: NeuralCodec[Any], lines: Partition, context: ErasureContext
) -> None:
    codec = copy.deepcopy(speaker)
    retain = Batches(speaker, lines.retain, 8, 0, "retain", "cpu")
    assert reinitialise(codec, torch.zeros(0, dtype=torch.int64), retain, context) == 0
    assert all(torch.equal(value, codec.get_parameter(name)) for name, value in speaker.named_parameters())
