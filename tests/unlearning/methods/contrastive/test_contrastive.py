"""Contrastive unlearning: its loss against the definition written out, and what it does to a small task codec."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec, new_codec_like
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link import transmit
from semlink.simulator.sources.contract import Record
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.contrastive.contrastive import Contrastive
from semlink.unlearning.methods.contrastive.loss import contrastive_loss

CHANNEL = build_channel("awgn")
LESSONS = TrainingSettings(steps=300, batch=32, learning_rate=5e-3, snr_db=12.0, validate=300)


def written_out(erased: torch.Tensor, retained: torch.Tensor, alike: torch.Tensor, temperature: float) -> float:
    """Equations 5 and 6 with their sums, in plain numbers."""
    total = 0.0
    for i, z in enumerate(erased):
        score = [float(z @ other / (z.norm() * other.norm())) / temperature for other in retained]
        positives = [s for s, same in zip(score, alike[i], strict=True) if same]
        negatives = [s for s, same in zip(score, alike[i], strict=True) if not same]
        below = sum(math.exp(s) for s in positives) if positives else len(negatives)
        if negatives:
            total += -sum(math.log(math.exp(s) / below) for s in negatives) / len(negatives)
    return total / len(erased)


def test_loss() -> None:
    erased, retained = (torch.randn(n, 5, generator=generator_for("loss", n)) for n in (4, 6))
    alike = torch.tensor([[1, 0, 0, 1, 0, 0], [0] * 6, [1] * 6, [0, 0, 1, 1, 1, 1]]).bool()
    for temperature in (0.1, 0.7):
        loss = contrastive_loss(erased.requires_grad_(), retained, alike, temperature)
        assert loss.item() == pytest.approx(written_out(erased.detach(), retained, alike, temperature), rel=1e-5)
        (gradient,) = torch.autograd.grad(loss, erased)
        assert gradient.isfinite().all()
        assert not gradient[2].any()  # nobody to go to
        assert gradient[[0, 1, 3]].abs().sum(dim=1).gt(0).all()


def test_loss_moves_records_away_from_their_kind() -> None:
    retained = torch.eye(3)
    alike = torch.tensor([[True, False, False]])
    z = torch.tensor([[1.0, 0.1, 0.0]], requires_grad=True)
    contrastive_loss(z, retained, alike, 0.7).backward()
    assert z.grad is not None
    assert z.grad[0, 1] < 0  # a step against the gradient takes it to the others
    assert z.grad[0, 2] < 0


def images(name: str, count: int) -> list[Record]:
    """Three classes, by which rows are bright; some are hard to tell for noise."""
    random, records = np.random.default_rng(len(name)), []
    for index in range(count):
        pixels = random.normal(90, 75, (6, 6))
        pixels[2 * (index % 3) : 2 * (index % 3) + 2] += 60
        records.append(Record(f"{name}-{index}", pixels.clip(0, 255).astype(np.uint8), "ab"[index % 2], index % 3))
    return records


@pytest.fixture(scope="module")
def sets() -> dict[str, list[Record]]:
    return {name: images(name, count) for name, count in (("train", 300), ("validation", 200), ("test", 300))}


@pytest.fixture(scope="module")
def classifier(sets: dict[str, list[Record]]) -> NeuralCodec[Any]:
    fields = {"encoder": "mlp", "hidden": 64, "uses": 12, "receiver_hidden": 32}
    codec = new_codec("task", fields, [record.payload for record in sets["train"]], 0, ("a", "b", "c"))
    train(codec, sets["train"], sets["validation"], CHANNEL, replace(LESSONS, steps=600, keep="last"), 0)
    return codec


def context_of(codec: NeuralCodec[Any]) -> ErasureContext:
    return ErasureContext(CHANNEL, LESSONS, 3, lambda: new_codec_like(codec, 1))


def accuracy(codec: NeuralCodec[Any], records: list[Record]) -> float:
    batch = batch_of(codec, records)
    reception = transmit(codec, CHANNEL, batch, 12.0, generator_for("accuracy")).reception
    return float((codec.decode(reception).argmax(dim=1) == batch.labels).float().mean())


def test_a_class_goes_and_the_others_stay(classifier: NeuralCodec[Any], sets: dict[str, list[Record]]) -> None:
    def split(name: str, erased: bool) -> list[Record]:
        return [record for record in sets[name] if (record.label == 1) is erased]

    partition = Partition(split("train", True), split("train", False), split("validation", False), (), labels=(1,))
    before = accuracy(classifier, split("test", False))
    erased = Contrastive(rate=1e-3).erase(classifier, partition, context_of(classifier))
    assert (erased.notes["mode"], erased.notes["stopped"]) == ("class", "threshold")
    assert erased.reads == ("forget", "retain")
    assert erased.steps % (4 * 2) == 0  # whole passes of two batches, each with four others
    assert accuracy(classifier, split("test", True)) > 0.7
    assert accuracy(erased.codec, split("test", True)) < 0.35
    assert accuracy(erased.codec, split("test", False)) > before - 0.05


def test_records_become_as_strange_as_unseen_ones(classifier: NeuralCodec[Any], sets: dict[str, list[Record]]) -> None:
    forget = sets["train"][:60]
    partition = Partition(forget, sets["train"][60:], sets["validation"], ())
    assert accuracy(classifier, forget) > accuracy(classifier, sets["test"]) + 0.05
    erased = Contrastive(rate=1e-3).erase(classifier, partition, context_of(classifier))
    assert (erased.notes["mode"], erased.notes["stopped"]) == ("sample", "threshold")
    found, unseen = accuracy(erased.codec, forget), accuracy(erased.codec, sets["test"])
    assert abs(found - unseen) < 0.13  # the standard error of the difference is 0.06
    assert unseen > accuracy(classifier, sets["test"]) - 0.1


def test_on_a_codec_that_rebuilds(trained: NeuralCodec[Any], partition: Partition, context_for: Any) -> None:
    context = context_for()
    erased = Contrastive(passes=2, rate=1e-4).erase(trained, partition, context)
    assert erased.reads == ("forget", "retain", "validation")
    with pytest.raises(ErasureError, match="The validation set has no records"):
        Contrastive().erase(trained, replace(partition, validation=[]), context)
