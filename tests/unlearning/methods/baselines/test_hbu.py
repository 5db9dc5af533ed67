"""Hessian-based unlearning: the estimate of the curvature, and steps that follow it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from semlink.codecs.contract import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.baselines.hbu import HessianUnlearning
from semlink.unlearning.methods.parts.descent import end_parameters, send
from semlink.unlearning.methods.parts.hessian import hessian_diagonal

Codec = NeuralCodec[Any]


@pytest.fixture
def context(context_for: Callable[..., ErasureContext]) -> ErasureContext:
    return context_for(training=context_for().training)


def test_diagonal_of_the_hessian_against_second_derivatives(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    """Of the last bias, one to each output: its Hessian is diagonal, so that any signs give it exactly."""
    codec = trained.eval()
    batches = Batches(codec, partition.retain[:64], 32, 0, "retain", "cpu")
    bias = codec.decoder[2].bias
    (found,) = hessian_diagonal(codec, [bias], batches, 3, context)
    exact = torch.zeros(36)
    for probe in range(3):
        batch, generator = batches[probe], generator_for(context.seed, "hessian", probe)
        loss = codec.loss(batch, send(codec, batch, context, generator).reception).mean()
        (first,) = torch.autograd.grad(loss, bias, create_graph=True)
        for index in range(36):
            exact[index] += torch.autograd.grad(first[index], bias, retain_graph=True)[0][index] / 3
    torch.testing.assert_close(found, exact.abs(), rtol=1e-3, atol=1e-7)


def test_signs_take_out_what_is_not_on_the_diagonal(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    """Of a layer whose Hessian is dense: over 200 probes the trace is within 15 % of the exact one."""
    codec = trained.eval()
    batches = Batches(codec, partition.retain[:32], 32, 0, "retain", "cpu")
    bias = codec.decoder[0].bias
    (found,) = hessian_diagonal(codec, [bias], batches, 200, context)
    loss = codec.loss(batches[0], send(codec, batches[0], context, generator_for(0, "trace")).reception).mean()
    (first,) = torch.autograd.grad(loss, bias, create_graph=True)
    whole = torch.stack([torch.autograd.grad(one, bias, retain_graph=True)[0] for one in first])
    assert whole.abs().sum() > 3 * whole.diagonal().abs().sum()
    assert found.sum().item() == pytest.approx(whole.diagonal().sum().item(), rel=0.15)


def test_a_step_is_the_gradient_over_the_curvature(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    method = HessianUnlearning(rate=1e-3, probes=3, steps=1, clip=1e6, stop="none", damping=0.5)
    erased = method.erase(trained, partition, context)
    codec = trained.eval()
    parameters = end_parameters(codec, "both")
    retain = Batches(codec, partition.retain, 16, context.seed, "retain", "cpu")
    curvature = hessian_diagonal(codec, parameters, retain, 3, context)
    mean = torch.cat([values.flatten() for values in curvature]).mean()
    batch = Batches(codec, partition.forget, 16, context.seed, "forget", "cpu")[0]
    loss = codec.loss(batch, send(codec, batch, context, generator_for(context.seed, "hbu", 0)).reception).mean()
    gradients = torch.autograd.grad(loss, parameters, materialize_grads=True, allow_unused=True)
    moved = [
        erased.codec.get_parameter(name) - parameter
        for name, parameter in codec.named_parameters()
        if parameter.requires_grad
    ]
    for change, gradient, values in zip(moved, gradients, curvature, strict=True):
        torch.testing.assert_close(change, 1e-3 * gradient / (values + 0.5 * mean), rtol=2e-3, atol=1e-6)
    assert (erased.steps, erased.samples) == (1 + 6, 16 + 3 * 16)
    assert "validation" not in erased.reads


def test_it_stops_when_the_records_are_no_better_known(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    slow = HessianUnlearning(probes=5, steps=60, rate=0.02, stop="level", stop_at=1.5).erase(
        trained, partition, context
    )
    assert 10 + 5 <= slow.steps < 10 + 60
    assert float(slow.notes["level_before"]) < 1.5 <= float(slow.notes["level_after"])
    assert "validation" in slow.reads
    assert not any(parameter._backward_hooks for parameter in slow.codec.parameters())
