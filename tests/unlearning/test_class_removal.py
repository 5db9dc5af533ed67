"""Baselines that remove a class: what each does, on the small classifier of these tests."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from semlink.codecs.task.model import TaskCodec
from semlink.errors import ErasureError
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link import transmit
from semlink.simulator.sources.contract import Record
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.erase import check_defined
from semlink.unlearning.methods.baselines.boundary_expand import BoundaryExpand, _narrow, _widen
from semlink.unlearning.methods.baselines.boundary_shrink import BoundaryShrink, nearest_classes
from semlink.unlearning.methods.baselines.unsir import Unsir


@pytest.fixture
def context(class_context_for: Callable[..., ErasureContext]) -> ErasureContext:
    return class_context_for()


def accuracy(codec: TaskCodec, records: list[Record], context: ErasureContext) -> float:
    batch = batch_of(codec, records)
    reception = transmit(codec, context.channel, batch, 15.0, generator_for("accuracy")).reception
    return float((codec.decode(reception).argmax(dim=1) == batch.labels).float().mean())


@pytest.mark.parametrize("method", [BoundaryShrink(share=0.3, rate=1e-3), Unsir(impair=0.5, impair_rate=2e-2)])
def test_the_class_goes(
    method: Any, classifier: TaskCodec, class_partition: Partition, context: ErasureContext
) -> None:
    erased = method.erase(classifier, class_partition, context).codec
    before, after = (accuracy(codec, list(class_partition.forget), context) for codec in (classifier, erased))
    assert before > 0.8
    assert after < 0.4
    kept = list(class_partition.retain)
    assert accuracy(erased, kept, context) > accuracy(classifier, kept, context) - 0.25
    assert [value.shape for value in erased.state_dict().values()] == [
        value.shape for value in classifier.state_dict().values()
    ]


def test_a_shadow_comes_and_goes(classifier: TaskCodec, class_partition: Partition, context: ErasureContext) -> None:
    """While it is there the class goes into it. Without it this small codec again finds the old class.

    That is a limit of the method, which only the loss shows.
    """
    layer = classifier.receiver[-1][-1]
    before = layer.weight.detach().clone()
    _widen(layer, generator_for("shadow"))
    assert torch.equal(layer.weight[:3], before)
    assert layer(torch.zeros(1, layer.in_features)).shape == (1, 4)
    _narrow(layer, 3)
    assert torch.equal(layer.weight, before)
    method = BoundaryExpand(share=0.3, rate=3e-3)
    erased = method.erase(classifier, class_partition, context).codec
    assert [value.shape for value in erased.state_dict().values()] == [
        value.shape for value in classifier.state_dict().values()
    ]
    batch = batch_of(classifier, list(class_partition.forget))
    with torch.no_grad():
        losses = [
            float(codec.loss(batch, transmit(codec, context.channel, batch, 15.0, generator_for("l")).reception).mean())
            for codec in (classifier, erased)
        ]
    assert losses[1] > losses[0]


def test_targets_are_other_classes_across_the_border(
    classifier: TaskCodec, class_partition: Partition, context: ErasureContext
) -> None:
    """As found one image at a time, without noise."""
    clear = replace(context, training=replace(context.training, snr_db=100.0))
    batch = batch_of(classifier, list(class_partition.forget)[:12])
    found = nearest_classes(classifier, batch, 0.1, clear)
    assert (found != batch.labels).all()
    for row in range(12):
        image = batch.images[row : row + 1].clone().requires_grad_()
        one = replace(batch[torch.tensor([row])], images=image)
        classifier.loss(one, transmit(classifier, clear.channel, one, 100.0, generator_for("one")).reception).backward()
        assert image.grad is not None
        beyond = replace(one, images=(image.detach() + 0.1 * image.grad.sign()).clamp(0, 1))
        scores = classifier.decode(transmit(classifier, clear.channel, beyond, 100.0, generator_for("two")).reception)[
            0
        ].detach()
        scores[batch.labels[row]] = -torch.inf
        assert scores.argmax() == found[row]


def test_the_noise_is_wrong_for_its_class(
    classifier: TaskCodec, class_partition: Partition, context: ErasureContext
) -> None:
    batch = batch_of(classifier, list(class_partition.forget)[:12])
    frozen = classifier.eval().requires_grad_(False)
    losses = []
    for steps in (1, 40):
        noise = Unsir(noise_steps=steps)._noise(frozen, batch, context)
        assert torch.equal(noise.labels, batch.labels)
        reception = transmit(frozen, context.channel, noise, 15.0, generator_for("noise")).reception
        losses.append(float(frozen.loss(noise, reception).mean()))
    assert losses[1] > losses[0] + 1


def test_where_they_are_not_defined(fresh_toy: Callable[..., Any]) -> None:
    with pytest.raises(ErasureError, match="boundary-shrink is only defined on a codec that infers classes; on this"):
        check_defined(BoundaryShrink(), fresh_toy())
