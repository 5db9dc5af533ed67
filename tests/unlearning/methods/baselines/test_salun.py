"""SalUn: which weights change, and that nothing else differs from random labels."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.errors import WrongField
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.unlearning.contract import Erasure, ErasureContext, Partition
from semlink.unlearning.methods.baselines.random_labels import RandomLabels
from semlink.unlearning.methods.baselines.salun import Salun, salient, summed_gradients
from semlink.unlearning.methods.parts.descent import send

Codec = NeuralCodec[Any]


def test_largest_weights_are_salient() -> None:
    first, second = salient([torch.tensor([[1.0, -8.0], [0.0, 2.0]]), torch.tensor([-3.0, 0.5, 4.0, 0.1])], 0.375)
    assert first.tolist() == [[0, 1], [0, 0]]
    assert second.tolist() == [1, 0, 1, 0]


def test_as_many_as_asked_for_among_equals() -> None:
    """Weights that no erased record touches are all 0; a threshold would take all or none of them."""
    masks = salient([torch.zeros(10), torch.ones(2)], 0.5)
    assert masks[0].sum() == 4
    assert masks[1].sum() == 2
    assert salient([torch.zeros(10)], 1e-9)[0].sum() == 1


def test_saliency_sums_gradients_with_their_signs(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    context = context_for()
    context = replace(context, training=replace(context.training, batch=4))
    erasure = Erasure(trained.eval(), replace(partition, forget=partition.forget[:12]), context)
    batches = Batches(trained, partition.forget[:12], 4, context.seed, "forget", "cpu")
    sums = summed_gradients(erasure, list(erasure.erased.parameters()))
    trained.zero_grad()
    for step in range(3):
        reception = send(trained, batches[step], context, generator_for(context.seed, "saliency", step)).reception
        trained.loss(batches[step], reception).mean().backward()
    for value, parameter in zip(sums, trained.parameters(), strict=True):
        torch.testing.assert_close(value, parameter.grad)
    assert (erasure.steps, erasure.samples) == (3, 12)


def test_other_weights_stay_bit_for_bit(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    result = Salun(salient=0.2).erase(trained, partition, context_for())
    size = sum(parameter.numel() for parameter in trained.parameters())
    changed = sum(
        int((old != new).sum()) for old, new in zip(trained.parameters(), result.codec.parameters(), strict=True)
    )
    assert result.notes["salient_weights"] == round(0.2 * size)
    assert 0.19 * size < changed <= round(0.2 * size)
    assert (result.steps, result.samples) == (30 + 3, 30 * 64 + 3 * 32)
    parameters = list(result.codec.parameters())
    result.codec.zero_grad()
    sum(parameter.sum() for parameter in parameters).backward()
    assert all((parameter.grad == 1).all() for parameter in parameters)  # no mask is left behind


def test_all_weights_salient_is_random_labels(
    trained: Codec, partition: Partition, context_for: Callable[..., ErasureContext]
) -> None:
    """Up to the draws, whose names differ: each tensor moves about as far."""
    context = context_for()
    masked, plain = (method.erase(trained, partition, context) for method in (Salun(salient=1), RandomLabels()))
    for (name, value), other in zip(masked.codec.named_parameters(), plain.codec.parameters(), strict=True):
        start = trained.get_parameter(name)
        moved = (value - start).norm() / (other - start).norm()
        assert 0.8 < moved < 1.25


def test_wrong_share() -> None:
    with pytest.raises(WrongField, match="give a share above 0, at most 1"):
        Salun(salient=1.5)
