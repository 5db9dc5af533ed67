"""LossTarget: predicted from differences of differences, met from both sides."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs.neural_codec import NeuralCodec
from semlink.simulator.training_settings import SnrLaw
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.scu.loss_target import (
    LossTarget,
    difference_in_differences,
    distance_to_target,
    loss_target,
)


def test_difference_in_differences() -> None:
    """The quick reference is 2 and 4 times worse than the original on unseen records; its losses shrink as much."""
    erased = np.array([[0.4, 0.4], [0.8, 0.2]])
    unseen, original = np.array([[0.1, 0.3], [0.3, 0.5]]), np.array([[0.1, 0.05], [0.1, 0.15]])
    predicted = difference_in_differences(erased, unseen, original)
    np.testing.assert_allclose(predicted, [[0.2, 0.1], [0.4, 0.05]])


def test_targets_between_points() -> None:
    targets = LossTarget(torch.tensor([0.0, 10.0, 20.0]), torch.tensor([[4.0, 2.0, 1.0], [8.0, 6.0, 0.0]]))
    rows, snr_db = torch.tensor([0, 0, 1, 1, 0, 1]), torch.tensor([0.0, 5.0, 15.0, 20.0, -3.0, 30.0])
    assert targets.at(rows, snr_db).tolist() == [4, 3, 3, 0, 4, 0]
    assert LossTarget(torch.tensor([7.0]), torch.tensor([[1.0], [2.0]])).at(torch.tensor([1]), snr_db[:1]).tolist() == [
        2
    ]


def test_target_pulls_from_both_sides() -> None:
    """Zero and at rest at the target; off it by a factor e, the same loss, and gradients of opposite sign."""
    targets = torch.tensor([0.1, 0.3], dtype=torch.float64)
    losses, signs = [], []
    for factor in (1.0, math.e, 1 / math.e):
        values = (factor * targets).requires_grad_()
        loss = distance_to_target(values, targets)
        (gradient,) = torch.autograd.grad(loss, values)
        losses.append(loss.item())
        signs.append(gradient.sign().tolist())
    assert losses == pytest.approx([0, 0.2, 0.2])
    assert signs == [[0, 0], [1, 1], [-1, -1]]
    assert distance_to_target(torch.zeros(2), targets.float()).isfinite()


def _at(context: ErasureContext, law: SnrLaw) -> ErasureContext:
    return replace(context, training=replace(context.training, snr_db=law))


def test_a_quick_reference_as_good_as_the_original_sets_its_own_losses(
    trained: NeuralCodec[Any],
    partition: Partition,
    fresh_toy: Callable[..., NeuralCodec[Any]],
    context_for: Callable[..., ErasureContext],
) -> None:
    """Nothing to correct then; a constant factor between the two codecs is taken out."""
    channel = build_channel("awgn")
    targets = loss_target(trained, trained, partition, _at(context_for(), (5.0, 15.0)))
    assert targets.snr_db.tolist() == [5, 7.5, 10, 12.5, 15]
    batch = trained.prepare([record.payload for record in partition.forget])
    generator = torch.Generator().manual_seed(0)
    losses = torch.stack(
        [trained.loss(batch, channel(trained.encode(batch), 10.0, generator)).detach() for _ in range(50)]
    )
    # 100 records, the mean of 4 draws each: about 5 % of the mean at most.
    assert targets.losses[:, 2].mean().item() == pytest.approx(losses.mean().item(), rel=0.2)
    assert (targets.losses.mean(dim=0).diff() < 0).all()
    single = loss_target(fresh_toy(), trained, partition, _at(context_for(), 10.0))
    assert single.losses.shape == (100, 1)
    assert single.losses.mean() < 5 * targets.losses[:, 2].mean()  # a fresh codec's own loss is far above
