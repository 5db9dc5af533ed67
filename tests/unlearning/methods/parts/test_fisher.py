"""Diagonal Fisher information against gradients taken one by one."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.parts.descent import send
from semlink.unlearning.methods.parts.fisher import diagonal_fisher

Codec = NeuralCodec[Any]


@pytest.mark.parametrize("size", [1, 4])
def test_fisher_is_the_mean_of_squared_gradients(
    size: int, trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    context = context_for()
    batches = Batches(trained, partition.forget[:10], size, context.seed, "forget", "cpu")
    expected = {name: torch.zeros_like(parameter) for name, parameter in trained.named_parameters()}
    count = 10 // size
    for index in range(count):
        reception = send(trained, batches[index], context, generator_for(context.seed, "fisher", index)).reception
        trained.zero_grad()
        trained.loss(batches[index], reception).mean().backward()
        for name, parameter in trained.named_parameters():
            if parameter.grad is not None:
                expected[name] += parameter.grad**2 / count
    found = diagonal_fisher(trained, batches, context, "fisher")
    assert found.keys() == expected.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name])
    assert any(value.any() for value in found.values())


def test_fisher_leaves_the_codec_as_it_is(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """Weights, gradients, mode and the global stream stay; frozen parameters are left out; unused ones get 0."""
    context = context_for()
    batches = Batches(trained, partition.forget[:4], 1, context.seed, "forget", "cpu")
    trained.train()
    trained.unused = torch.nn.Linear(2, 2)
    frozen, *_ = trained.receiver[0].parameters()
    frozen.requires_grad_(False)
    before, stream = copy.deepcopy(trained.state_dict()), torch.get_rng_state()
    first, second = (diagonal_fisher(trained, batches, context, "fisher") for _ in range(2))
    other = diagonal_fisher(trained, batches, context, "another use")
    assert trained.training
    assert torch.equal(torch.get_rng_state(), stream)
    assert all(torch.equal(value, before[name]) for name, value in trained.state_dict().items())
    assert all(parameter.grad is None for parameter in trained.parameters())
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())
    assert not first["unused.weight"].any()
    assert len(first) == len(list(trained.parameters())) - 1
