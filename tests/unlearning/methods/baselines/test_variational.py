"""Variational unlearning: its natural gradient, and the end that the adjusted likelihood sets."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches, batch_of
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import Erasure, ErasureContext, Partition
from semlink.unlearning.methods.baselines.variational import Variational
from semlink.unlearning.methods.parts.descent import send
from semlink.unlearning.methods.parts.scaled_fisher import ScaledFisher, scaled_fisher

Codec = NeuralCodec[Any]


@pytest.fixture
def context(context_for: Callable[..., ErasureContext]) -> ErasureContext:
    return context_for()


def moved(erased: Codec, codec: Codec) -> list[Tensor]:
    return [erased.get_parameter(name).detach() - value.detach() for name, value in codec.named_parameters()]


def belief(codec: Codec, partition: Partition, context: ErasureContext) -> ScaledFisher:
    erasure = Erasure(codec.eval(), partition, context)
    return scaled_fisher(erasure, [*partition.forget, *partition.retain], 50, "variational")


def test_a_step_is_the_natural_gradient(trained: Codec, partition: Partition, context: ErasureContext) -> None:
    """rate S n_e likelihood grad(rec) / unit, up the loss; a large likelihood makes the draw the mean, to 2 %."""
    method = Variational(likelihood=1e5, steps=1, records=50, rate=0.5)
    erased = method.erase(trained, partition, context).codec
    fisher = belief(trained, partition, context)
    batch = Batches(trained, partition.forget, 32, context.seed, "forget", "cpu")[0]
    generator = generator_for(context.seed, "variational", 0)
    for _, value in trained.named_parameters():  # the draw comes first
        torch.randn(value.shape, generator=generator)
    rec = trained.loss(batch, send(trained, batch, context, generator).reception).mean()
    gradients = torch.autograd.grad(rec / fisher.unit, list(trained.parameters()))
    share = len(partition.forget) / (len(partition.forget) + len(partition.retain))
    for change, gradient, (name, _) in zip(moved(erased, trained), gradients, trained.named_parameters(), strict=True):
        expected = 0.5 * share / 1e5 * gradient / fisher.damped(name, 1.0)
        assert (change - expected).norm() < 0.02 * expected.norm() + 2e-6


def test_outside_of_the_old_belief_only_the_way_back_is_left(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    """After one step with the likelihood, KL alone takes back 7.5 and then 2.5 % (cosine decay of a rate of 0.1)."""
    once, thrice, free = (
        Variational(radius=radius, steps=steps, records=50).erase(trained, partition, context)
        for radius, steps in ((1e-30, 1), (1e-30, 3), (1e30, 3))
    )
    assert thrice.notes["counted_steps"] == pytest.approx(1 / 3)
    assert free.notes["counted_steps"] == 1
    for first, last in zip(moved(once.codec, trained), moved(thrice.codec, trained), strict=True):
        torch.testing.assert_close(last, (1 - 0.075) * (1 - 0.025) * first, rtol=1e-2, atol=1e-6)


def test_it_forgets_and_stays_within_its_radius(trained: Codec, partition: Partition, context: ErasureContext) -> None:
    """A last step with the likelihood may lead out by its own length."""
    method = Variational(steps=100, records=50, likelihood=20, radius=0.01)
    erased = method.erase(trained, partition, context)
    fisher = belief(trained, partition, context)
    scale = (len(partition.forget) + len(partition.retain)) * method.likelihood**2
    changes = dict(zip((name for name, _ in trained.named_parameters()), moved(erased.codec, trained), strict=True))
    total = sum((change.square() * fisher.damped(name, 1.0)).sum().item() * scale for name, change in changes.items())
    size = sum(change.numel() for change in changes.values())
    assert 0.002 < total / size < 0.02
    assert 0 < float(erased.notes["counted_steps"]) < 1
    assert erased.steps == 100 + 50
    forget = batch_of(trained, partition.forget)
    losses = [mean_loss(codec, forget, context.channel, (5.0, 15.0), 0) for codec in (trained, erased.codec)]
    assert losses[1] > 1.05 * losses[0]
    assert not any(parameter._backward_hooks for parameter in erased.codec.parameters())
