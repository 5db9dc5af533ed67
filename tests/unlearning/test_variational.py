"""Variational unlearning: where its bound has its minimum, and that the adjusted likelihood ends the force."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.batches import batch_of
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import Context, Partition
from semlink.unlearning.methods.scaled_fisher import scaled_fisher
from semlink.unlearning.methods.variational import Variational

Codec = NeuralCodec[Any]


@pytest.fixture
def context(context_for: Callable[..., Context]) -> Context:
    return context_for()


def test_no_draw_counts_outside_of_the_old_belief(trained: Codec, partition: Partition, context: Context) -> None:
    """Draws of q_0 have a radius of 1 in the mean of thousands of weights: below 0.9 none counts, above 1.1 all do."""
    still, moving = (
        Variational(radius=radius, steps=3, records=20, likelihood=100).erase(trained, partition, context)
        for radius in (0.9, 1.1)
    )
    assert (still.notes["counted_draws"], moving.notes["counted_draws"]) == (0, 1)
    for name, parameter in trained.named_parameters():
        assert torch.equal(still.codec.get_parameter(name), parameter)
    assert any(not torch.equal(moving.codec.get_parameter(name), one) for name, one in trained.named_parameters())


def test_it_forgets_and_ends(trained: Codec, partition: Partition, context: Context) -> None:
    """Three times the steps do not forget twice as much: unlike in gradient ascent, the KL term and the radius hold it back."""

    def loss(codec: Codec) -> float:
        return mean_loss(codec, batch_of(codec, partition.forget), context.channel, (5.0, 15.0), 0)

    few, many = (
        Variational(steps=steps, rate=5e-3, records=50, likelihood=3).erase(trained, partition, context)
        for steps in (40, 120)
    )
    before, after, later = loss(trained), loss(few.codec), loss(many.codec)
    assert after > 1.05 * before
    assert later - before < 2 * (after - before)


def test_distance_is_bounded_by_the_radius(trained: Codec, partition: Partition, context: Context) -> None:
    """Once mean z^2 > radius only the KL term is left, which leads back; a last step may lie above by its own length."""
    method = Variational(steps=100, rate=5e-3, records=50, likelihood=10, radius=1.1)
    erased = method.erase(trained, partition, context)
    everything = [*partition.forget, *partition.retain]
    fisher = scaled_fisher(trained.eval(), everything, 50, context, "variational")
    total, size = 0.0, 0
    for name, parameter in trained.named_parameters():
        precision = len(everything) * method.likelihood * fisher.damped(name, method.damping)
        total += ((erased.codec.get_parameter(name) - parameter).square() * precision).sum().item()
        size += parameter.numel()
    assert 0.02 < total / size < 0.2
    assert 0 < float(erased.notes["counted_draws"]) < 1
    assert erased.steps == 100 + 50
