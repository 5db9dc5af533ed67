"""The steps that methods share: which weights move, in what order numbers are drawn, and how stopped work resumes."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import BundleError, ErasureError
from semlink.simulator import optimisation
from semlink.simulator.optimisation import rate_at
from semlink.unlearning.contract import Erasure, ErasureContext, Partition
from semlink.unlearning.methods.parts.descent import (
    Descent,
    changed_gradients,
    descend,
    end_parameters,
    only_learning,
    sent_loss,
)

Codec = NeuralCodec[Any]
PLAN = Descent(12, 1e-3, warmup=3)


@pytest.fixture
def context(context_for: Callable[..., ErasureContext]) -> ErasureContext:
    return context_for()


def loss_of(erasure: Erasure) -> Callable[[int, torch.Generator], Tensor]:
    forget, _ = erasure.equal_batches(16)
    return lambda step, generator: sent_loss(erasure.erased, forget[step], erasure.context, generator)


def same(first: Codec, second: Codec) -> bool:
    others = second.state_dict()
    return all(torch.equal(value, others[name]) for name, value in first.state_dict().items())


class Stop(BaseException):
    """The user interrupts."""


def test_stopped_work_ends_as_if_never_stopped(
    trained: Codec, partition: Partition, context: ErasureContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same weights, and the same steps and records counted."""
    resumable = replace(context, checkpoint=tmp_path / ".out.checkpoint")
    whole = Erasure(trained, partition, context)
    stopped, again = (Erasure(trained, partition, resumable) for _ in range(2))
    descend(whole, loss_of(whole), PLAN, "test")
    monkeypatch.setattr(optimisation, "SAVED_EVERY", 0.0)

    def interrupted(done: int) -> tuple[str, bool]:
        if done == 8:
            raise Stop
        return "", False

    with pytest.raises(Stop):
        descend(stopped, loss_of(stopped), PLAN, "test", interrupted)
    assert [path.name for path in tmp_path.iterdir()] == [".out.checkpoint-test"]
    seen: list[int] = []

    def after_step(done: int) -> tuple[str, bool]:
        seen.append(done)
        return "", False

    assert descend(again, loss_of(again), PLAN, "test", after_step) == 12
    assert seen == [8, 9, 10, 11, 12]
    assert same(again.erased, whole.erased)
    assert not same(stopped.erased, whole.erased)
    assert (again.steps, again.samples) == (whole.steps, whole.samples) == (12, 12 * 16)
    assert again.earlier_seconds > whole.earlier_seconds == 0


def test_a_checkpoint_of_other_work(
    trained: Codec, partition: Partition, context: ErasureContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other weights to begin with, another plan or seed are other work."""
    monkeypatch.setattr(optimisation, "SAVED_EVERY", 0.0)
    resumable = replace(context, checkpoint=tmp_path / ".out.checkpoint")
    first = Erasure(trained, partition, resumable)
    descend(first, loss_of(first), PLAN, "test")
    for start, plan, other in (
        (first.erased, PLAN, resumable),
        (trained, replace(PLAN, rate=2e-3), resumable),
        (trained, PLAN, replace(resumable, seed=8)),
    ):
        erasure = Erasure(start, partition, other)
        with pytest.raises(BundleError, match="is of other work; delete it"):
            descend(erasure, loss_of(erasure), plan, "test")


@pytest.mark.parametrize("end", ["sender", "receiver"])
def test_only_the_named_end_moves(trained: Codec, partition: Partition, context: ErasureContext, end: Any) -> None:
    erasure = Erasure(trained, partition, context)
    descend(erasure, loss_of(erasure), replace(PLAN, end=end), "test")
    moving = {"sender": "encoder.", "receiver": "decoder."}[end]
    for name, parameter in erasure.erased.named_parameters():
        assert torch.equal(parameter, trained.get_parameter(name)) is not name.startswith(moving)
        assert parameter.requires_grad
    learning = end_parameters(erasure.erased, end)
    assert len(learning) == sum(name.startswith(moving) for name, _ in trained.named_parameters())


@pytest.mark.parametrize("momentum", [0.9, 0.5])
def test_plain_gradient_steps(trained: Codec, partition: Partition, context: ErasureContext, momentum: float) -> None:
    """Steps of SGD by hand: rate times the schedule, momentum, the norm cut off."""
    erasure = Erasure(trained, partition, context)
    name, parameter = next(iter(erasure.erased.named_parameters()))
    start = parameter.detach().clone()
    plan = Descent(3, 0.1, warmup=1, clip=0.5, optimiser="sgd", momentum=momentum)
    descend(erasure, lambda step, _: 2 * (step + 1) * parameter.sum(), plan, "test")
    gradient = torch.full_like(start, 0.5 / start.numel() ** 0.5)
    expected, velocity = start.clone(), torch.zeros_like(start)
    for step in range(3):
        velocity = momentum * velocity + gradient
        expected -= 0.1 * rate_at(step, 3, 1) * velocity
    torch.testing.assert_close(erasure.erased.get_parameter(name), expected)


def test_momentum_of_adam(trained: Codec, partition: Partition, context: ErasureContext) -> None:
    erasure = Erasure(trained, partition, context)
    name, parameter = next(iter(erasure.erased.named_parameters()))
    expected = parameter.detach().clone().requires_grad_()
    plan = Descent(3, 0.1, decay=False, momentum=0.5)
    descend(erasure, lambda step, _: (-1) ** step * parameter.sum(), plan, "test")
    optimiser = torch.optim.Adam([expected], lr=0.1, betas=(0.5, 0.999))
    for step in range(3):
        expected.grad = torch.full_like(expected, (-1) ** step / expected.numel() ** 0.5)
        optimiser.step()
    torch.testing.assert_close(erasure.erased.get_parameter(name), expected)


def test_it_ends_where_it_is_enough_and_on_a_loss_that_is_no_number(
    trained: Codec, partition: Partition, context: ErasureContext
) -> None:
    erasure = Erasure(trained, partition, context)
    parameter = next(erasure.erased.parameters())
    assert descend(erasure, lambda *_: parameter.sum(), PLAN, "test", lambda done: ("", done == 5)) == 5
    assert erasure.steps == 5
    with pytest.raises(ErasureError, match="test diverged at step 1; lower its rate"):
        descend(erasure, lambda *_: parameter.sum() * torch.nan, PLAN, "test")


def test_gradients_change_for_a_while(trained: Codec) -> None:
    """No hook and no frozen parameter is left behind."""
    codec = copy.deepcopy(trained)
    first, *others = codec.parameters()
    with only_learning(codec, [first]), changed_gradients([first], [lambda gradient: 3 * gradient]):
        first.sum().backward()
        assert not any(parameter.requires_grad for parameter in others)
    assert first.grad is not None
    assert (first.grad == 3).all()
    first.sum().backward()
    assert (first.grad == 4).all()
    assert all(parameter.requires_grad for parameter in others)


def test_an_end_without_weights_is_told(trained: Codec) -> None:
    frozen = copy.deepcopy(trained)
    for module in frozen.sender:
        module.requires_grad_(False)
    assert end_parameters(frozen, "both")
    with pytest.raises(ErasureError, match="sender of this codec has no weights that learn; choose another method"):
        end_parameters(frozen, "sender")
