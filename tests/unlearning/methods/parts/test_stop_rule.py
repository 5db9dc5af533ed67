"""Rules of stopping measure what they say, on text and on images."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError
from semlink.simulator.training import mean_loss
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.parts.stop_rule import make_stop_rule
from semlink.unlearning.methods.scu.scu import Scu

CHANNEL = build_channel("awgn")


def forgetful(codec: NeuralCodec[Any], word: str) -> NeuralCodec[Any]:
    """The same codec, but it never says that word."""
    (index,) = codec.prepare([word]).ids.flatten()
    with torch.no_grad():
        codec.get_parameter("vocabulary_bias")[index] = -1e9
    return codec


@pytest.fixture
def mute(speaker: NeuralCodec[Any]) -> NeuralCodec[Any]:
    return forgetful(copy.deepcopy(speaker), "ray")


def test_recall(speaker: NeuralCodec[Any], mute: NeuralCodec[Any], lines: Partition) -> None:
    rule = make_stop_rule("auto", None, speaker, lines, CHANNEL, 12.0, 0)
    assert rule is not None
    assert rule.name == "recall"
    assert rule.measure(speaker) == rule.measure(speaker) > 0.8
    assert rule.measure(mute) == 0
    assert rule.enough(0.1)
    assert not rule.enough(0.11)


def test_accuracy_counts_tokens(speaker: NeuralCodec[Any], mute: NeuralCodec[Any], lines: Partition) -> None:
    """A name is one token of four or five: the published threshold is far below a codec that lost only the name."""
    rule = make_stop_rule("accuracy", None, speaker, lines, CHANNEL, 60.0, 0)
    assert rule is not None
    assert rule.measure(speaker) == 1
    assert rule.measure(mute) == pytest.approx(1 - 12 / sum(len(r.payload.split()) + 1 for r in lines.forget))
    assert not rule.enough(rule.measure(mute))


def test_level_compares_with_unseen_records(
    trained: NeuralCodec[Any], partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    rule = make_stop_rule("level", 1.5, trained, partition, CHANNEL, (5.0, 15.0), 0)
    assert rule is not None
    losses = [
        mean_loss(trained, trained.prepare([record.payload for record in records]), CHANNEL, (5.0, 15.0), 0)
        for records in (partition.forget, partition.validation)
    ]
    assert rule.measure(trained) == pytest.approx(losses[0] / losses[1])
    assert rule.enough(1.5)
    assert not rule.enough(1.49)


def test_scu_stops_by_recall(speaker: NeuralCodec[Any], lines: Partition, text_training: TrainingSettings) -> None:
    """The name is gone, most of what else there is stays."""
    context = ErasureContext(CHANNEL, text_training, seed=0, fresh=lambda: speaker)
    scu = Scu(rate=1e-3, batch=12, passes=200, forget_weight=0.1, brake_weight=0.0, check=5)
    erased = scu.erase(speaker, lines, context)
    assert erased.notes["stop"] == "recall"
    assert erased.notes["stopped"] == "threshold"
    assert erased.reads == ("forget", "retain")
    assert float(erased.notes["recall_before"]) > 0.8
    assert float(erased.notes["recall_after"]) <= 0.1
    accuracy = make_stop_rule("accuracy", None, speaker, replace(lines, forget=lines.retain), CHANNEL, 12.0, 1)
    assert accuracy is not None
    assert accuracy.measure(erased.codec) > accuracy.measure(speaker) - 0.1


def test_errors(speaker: NeuralCodec[Any], lines: Partition, trained: NeuralCodec[Any], partition: Partition) -> None:
    with pytest.raises(ErasureError, match="needs a request that names terms"):
        make_stop_rule("recall", None, speaker, replace(lines, terms=()), CHANNEL, 12.0, 0)
    with pytest.raises(ErasureError, match="hold none of the request's terms"):
        make_stop_rule("recall", None, speaker, replace(lines, terms=("roy",)), CHANNEL, 12.0, 0)
    with pytest.raises(ErasureError, match="stop=accuracy is for text"):
        make_stop_rule("accuracy", None, trained, partition, CHANNEL, 12.0, 0)
    with pytest.raises(ErasureError, match="needs validation records"):
        make_stop_rule("level", None, trained, replace(partition, validation=[]), CHANNEL, 12.0, 0)
    assert make_stop_rule("none", None, trained, partition, CHANNEL, 12.0, 0) is None
