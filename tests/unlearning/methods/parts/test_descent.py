"""The steps that methods share: which weights move, in what order numbers are drawn, and how stopped work goes on."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.errors import BundleError, ErasureError
from semlink.simulator.training import rate_at
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.parts import descent
from semlink.unlearning.methods.parts.descent import Descent, descend, end_parameters, paired, send, working_copies

Codec = NeuralCodec[Any]
PLAN = Descent(12, 1e-3, warmup=3)


@pytest.fixture
def context(context_for: Callable[..., ErasureContext]) -> ErasureContext:
    return context_for()


def loss_on(codec: Codec, partition: Partition, context: ErasureContext) -> Callable[[int, torch.Generator], Tensor]:
    forget, _ = paired(codec, partition, 16, 0)

    def loss(step: int, generator: torch.Generator) -> Tensor:
        return codec.loss(forget[step], send(codec, forget[step], context, generator).reception).mean()

    return loss


def same(first: Codec, second: Codec) -> bool:
    others = second.state_dict()
    return all(torch.equal(value, others[name]) for name, value in first.state_dict().items())


class Stop(BaseException):
    """The user interrupts."""


def test_stopped_work_goes_on_as_if_never_stopped(
    trained: Codec, partition: Partition, context: ErasureContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped, again = (copy.deepcopy(trained) for _ in range(3))
    descend(whole, loss_on(whole, partition, context), PLAN, context, "test")
    monkeypatch.setattr(descent, "SAVED_EVERY", 0.0)
    resumable = replace(context, checkpoint=tmp_path / ".out.checkpoint")

    def interrupted(done: int) -> tuple[str, bool]:
        if done == 8:
            raise Stop
        return "", False

    with pytest.raises(Stop):
        descend(stopped, loss_on(stopped, partition, context), PLAN, resumable, "test", interrupted)
    assert [path.name for path in tmp_path.iterdir()] == [".out.checkpoint-test"]
    seen: list[int] = []

    def look(done: int) -> tuple[str, bool]:
        seen.append(done)
        return "", False

    assert descend(again, loss_on(again, partition, context), PLAN, resumable, "test", look) == 12
    assert seen == [8, 9, 10, 11, 12]
    assert same(again, whole)
    assert not same(stopped, whole)


def test_a_checkpoint_of_other_work(
    trained: Codec, partition: Partition, context: ErasureContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other weights to begin with, another plan or seed are other work."""
    monkeypatch.setattr(descent, "SAVED_EVERY", 0.0)
    resumable = replace(context, checkpoint=tmp_path / ".out.checkpoint")
    codec = copy.deepcopy(trained)
    descend(codec, loss_on(codec, partition, context), PLAN, resumable, "test")
    for start, plan, other in (
        (codec, PLAN, resumable),
        (trained, replace(PLAN, rate=2e-3), resumable),
        (trained, PLAN, replace(resumable, seed=8)),
    ):
        fresh = copy.deepcopy(start)
        with pytest.raises(BundleError, match="is of other work; delete it"):
            descend(fresh, loss_on(fresh, partition, context), plan, other, "test")


@pytest.mark.parametrize("end", ["sender", "receiver"])
def test_only_the_named_end_moves(trained: Codec, partition: Partition, context: ErasureContext, end: Any) -> None:
    codec = copy.deepcopy(trained)
    descend(codec, loss_on(codec, partition, context), replace(PLAN, end=end), context, "test")
    moving = {"sender": "encoder.", "receiver": "decoder."}[end]
    for name, parameter in codec.named_parameters():
        assert torch.equal(parameter, trained.get_parameter(name)) is not name.startswith(moving)
        assert parameter.requires_grad
    assert len(end_parameters(codec, end)) == sum(name.startswith(moving) for name, _ in codec.named_parameters())


@pytest.mark.parametrize("momentum", [0.9, 0.5])
def test_plain_gradient_steps(trained: Codec, context: ErasureContext, momentum: float) -> None:
    """Steps of SGD by hand: rate times the schedule, momentum, the norm cut off."""
    _, codec = working_copies(trained)
    name, parameter = next(iter(codec.named_parameters()))
    start = parameter.detach().clone()
    plan = Descent(3, 0.1, warmup=1, clip=0.5, optimiser="sgd", momentum=momentum)
    descend(codec, lambda step, _: 2 * (step + 1) * parameter.sum(), plan, context, "test")
    gradient = torch.full_like(start, 0.5 / start.numel() ** 0.5)
    expected, velocity = start.clone(), torch.zeros_like(start)
    for step in range(3):
        velocity = momentum * velocity + gradient
        expected -= 0.1 * rate_at(step, 3, 1) * velocity
    torch.testing.assert_close(codec.get_parameter(name), expected)


def test_momentum_of_adam(trained: Codec, context: ErasureContext) -> None:
    _, codec = working_copies(trained)
    name, parameter = next(iter(codec.named_parameters()))
    expected = parameter.detach().clone().requires_grad_()
    plan = Descent(3, 0.1, decay=False, momentum=0.5)
    descend(codec, lambda step, _: (-1) ** step * parameter.sum(), plan, context, "test")
    optimiser = torch.optim.Adam([expected], lr=0.1, betas=(0.5, 0.999))
    for step in range(3):
        expected.grad = torch.full_like(expected, (-1) ** step / expected.numel() ** 0.5)
        optimiser.step()
    torch.testing.assert_close(codec.get_parameter(name), expected)


def test_it_ends_where_there_is_enough_and_never_on_nonsense(trained: Codec, context: ErasureContext) -> None:
    codec = copy.deepcopy(trained)
    parameter = next(codec.parameters())
    assert descend(codec, lambda *_: parameter.sum(), PLAN, context, "test", lambda done: ("", done == 5)) == 5
    with pytest.raises(ErasureError, match="test diverged at step 1; lower its rate"):
        descend(codec, lambda *_: parameter.sum() * torch.nan, PLAN, context, "test")


def test_working_copies_are_apart(trained: Codec) -> None:
    trained.train()
    original, erased = working_copies(trained)
    assert not original.training
    assert not erased.training
    assert trained.training
    assert not any(parameter.requires_grad for parameter in original.parameters())
    assert all(parameter.requires_grad for parameter in erased.parameters())
    with torch.no_grad():
        next(erased.parameters()).add_(1)
    assert same(original, trained)


def test_pairs_are_equally_large(trained: Codec, partition: Partition) -> None:
    forget, retain = paired(trained, partition, 1000, 0)
    assert forget.size == retain.size == len(partition.forget)
