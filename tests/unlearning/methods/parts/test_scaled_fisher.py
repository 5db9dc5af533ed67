"""Scaled Fisher information has no unit; and what stands on it: noise of Fisher forgetting."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from semlink.channels.contract import Reception
from semlink.codecs.contract import NeuralCodec
from semlink.unlearning.contract import Erasure, ErasureContext, Partition
from semlink.unlearning.methods.baselines.fisher_forgetting import FisherForgetting
from semlink.unlearning.methods.parts.scaled_fisher import scaled_fisher

Codec = NeuralCodec[Any]


@pytest.fixture
def context(context_for: Callable[..., ErasureContext]) -> ErasureContext:
    return context_for()


def test_unit_of_the_loss_cancels(
    trained: Codec, partition: Partition, context: ErasureContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasure = Erasure(trained, partition, context)
    plain = scaled_fisher(erasure, partition.retain, 20, "here")
    assert (erasure.steps, erasure.samples) == (20, 20)
    losses = type(trained).element_losses

    def louder(codec: Codec, batch: Tensor, reception: Reception) -> tuple[Tensor, Tensor]:
        found, mask = losses(codec, batch, reception)
        return 1000 * found, mask

    monkeypatch.setattr(type(trained), "element_losses", louder)
    scaled = scaled_fisher(Erasure(trained, partition, context), partition.retain, 20, "here")
    assert scaled.unit == pytest.approx(1000 * plain.unit, rel=1e-5)
    for name, value in plain.values.items():
        torch.testing.assert_close(scaled.values[name], value, rtol=1e-3, atol=1e-9)
    everything = torch.cat([value.flatten() for value in plain.values.values()])
    assert plain.mean == pytest.approx(everything.mean().item(), rel=1e-4)
    assert plain.passes == 20
    name = next(iter(plain.values))
    torch.testing.assert_close(plain.damped(name, 2.0), plain.values[name] + 2 * plain.mean)


def test_noise_has_the_variance_that_it_should(trained: Codec, partition: Partition, context: ErasureContext) -> None:
    """Changes over their standard deviations are N(0, 1): 5000 or so weights, 4 standard deviations allowed."""
    method = FisherForgetting(noise=1e-4, records=30)
    erased = method.erase(trained, partition, context)
    fisher = scaled_fisher(Erasure(trained, partition, context), partition.retain, 30, "fisher forgetting")
    changes = torch.cat(
        [
            ((erased.codec.get_parameter(name) - parameter) * (fisher.damped(name, 0.1) / 1e-4).sqrt()).flatten()
            for name, parameter in trained.named_parameters()
        ]
    )
    count = changes.numel()
    assert count > 4000
    assert abs(changes.mean().item()) < 4 / math.sqrt(count)
    assert changes.square().mean().item() == pytest.approx(1, abs=4 * math.sqrt(2 / count))
    assert (erased.steps, erased.samples) == (30, 30)


def test_noise_stays_at_its_end(trained: Codec, partition: Partition, context: ErasureContext) -> None:
    erased = FisherForgetting(records=10, end="receiver").erase(trained, partition, context).codec
    receiver = {id(parameter) for module in erased.receiver for parameter in module.parameters()}
    for name, parameter in erased.named_parameters():
        assert torch.equal(parameter, trained.get_parameter(name)) == (id(parameter) not in receiver)
