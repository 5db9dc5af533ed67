"""SCU without compensation is its joint unlearning term alone: `scu:compensation=0`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.posterior import divergence
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link import draw_snr, transmit
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.scu.scu import Scu

Codec = NeuralCodec[Any]
ALONE = Scu(compensation=0.0, passes=1, stop="none")


def test_gradient_is_that_of_the_unlearning_term(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext], fresh_toy: Callable[..., Codec]
) -> None:
    """w_u = 1 whatever the sign of L_u, also where the weights are not detached."""
    channel, law = context_for().channel, (5.0, 15.0)
    original = fresh_toy(trained.config.variational, 3)
    forget, retain = (batch_of(trained, part[:8]) for part in (partition.forget, partition.retain))
    for brake in (0.0, 100.0):
        method = replace(ALONE, brake_weight=brake)
        loss = method.loss(trained, original, forget, retain, channel, law, generator_for(0))
        generator = generator_for(0)
        sent = transmit(trained, channel, forget, draw_snr(law, 8, generator), generator)
        rec, drift = trained.loss(forget, sent.reception), divergence(sent.posterior, original.represent(forget))
        expected = brake * drift.mean() - 0.1 * rec.mean()
        assert (expected > 0).item() == (brake > 0)
        torch.testing.assert_close(loss, expected)
        parameters = list(trained.parameters())
        for mine, theirs in zip(
            torch.autograd.grad(loss, parameters), torch.autograd.grad(expected, parameters), strict=True
        ):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-7)


def test_the_retain_set_has_no_say(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """As many other records in its place give the same codec, bit for bit; with compensation they do not."""
    context = context_for()
    others = replace(partition, retain=partition.test[: len(partition.retain)] * 4)
    others = replace(others, retain=others.retain[: len(partition.retain)])
    for method, alike in ((ALONE, True), (replace(ALONE, compensation=1.0), False)):
        first, second = (method.erase(trained, part, context).codec.state_dict() for part in (partition, others))
        assert all(torch.equal(value, second[name]) for name, value in first.items()) == alike
