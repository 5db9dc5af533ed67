"""The optimisation loop: its learning rate, its draws, its end, and that stopped work ends as if never stopped."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from semlink.simulator import optimisation
from semlink.simulator.optimisation import Checkpoint, Optimisation, StepPlan, StepReport, optimise, rate_at

PLAN = StepPlan(10, 0.1, warmup=2, optimiser="adamw")


class Diverged(Exception):
    """The loss is no number."""


class Stopped(Exception):
    """Stands for whatever ends a run half-way."""


def layer() -> nn.Linear:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Linear(3, 2)


def run(
    network: nn.Linear,
    plan: StepPlan = PLAN,
    after_step: Callable[[int, Tensor], StepReport] = lambda done, value: StepReport(""),
    checkpoint: Checkpoint | None = None,
    factor: float = 1.0,
) -> Optimisation:
    def loss(step: int, generator: torch.Generator) -> Tensor:
        return factor * network(torch.randn(4, 3, generator=generator)).square().mean()

    parameters = list(network.parameters())
    return optimise(
        network, parameters, loss, plan, 0, "test", after_step, lambda step: Diverged(step), "test", checkpoint
    )


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_the_loss_falls_and_runs_repeat(name: Any) -> None:
    values: list[float] = []

    def note(done: int, value: Tensor) -> StepReport:
        values.append(value.item())
        return StepReport("")

    first, second = layer(), layer()
    plan = StepPlan(40, 0.1, optimiser=name)
    assert run(first, plan, note) == Optimisation(40, 0.0)
    run(second, plan)
    assert torch.equal(first.weight, second.weight)
    assert sum(values[-5:]) < 0.3 * sum(values[:5])


def test_it_ends_when_it_is_enough() -> None:
    assert run(layer(), after_step=lambda done, value: StepReport("", enough=done == 3)).steps == 3


def test_a_loss_that_is_no_number_ends_it() -> None:
    with pytest.raises(Diverged, match="1"):
        run(layer(), factor=torch.nan)


@pytest.mark.parametrize("saved_every", [0.0, 1e9])
def test_stopped_work_ends_as_if_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved_every: float
) -> None:
    """From a checkpoint that was due, or that was asked for; with what belongs to the work beside the weights."""
    monkeypatch.setattr(optimisation, "SAVED_EVERY", saved_every)
    counts = [0]

    def counted(done: int, value: Tensor) -> StepReport:
        if done == 7 and counts[0] == 6:
            raise Stopped
        counts[0] += 1
        return StepReport("", save=done == 4)

    def restore(state: dict[str, Any]) -> None:
        counts[0] = state["count"]

    whole, stopped, resumed = layer(), layer(), layer()
    run(whole)
    checkpoint = Checkpoint(tmp_path / "checkpoint", "work", lambda: {"count": counts[0]}, restore)
    with pytest.raises(Stopped):
        run(stopped, after_step=counted, checkpoint=checkpoint)
    counts[0] = 100
    restored: list[int] = []

    def note(done: int, value: Tensor) -> StepReport:
        restored.append(done)
        return StepReport("")

    taken = run(resumed, after_step=note, checkpoint=checkpoint)
    first = 7 if saved_every == 0 else 5
    assert restored[0] == first
    assert counts[0] == first - 1
    assert taken.steps == 10
    assert taken.earlier_seconds > 0
    assert torch.equal(resumed.weight, whole.weight)


def test_learning_rate() -> None:
    """Up in a line, down in a cosine that is half-way at its middle and ends at zero."""
    rates = [rate_at(step, steps=110, warmup=10) for step in range(111)]
    assert rates[:10] == [pytest.approx((step + 1) / 10) for step in range(10)]
    assert rates[10] == 1
    assert rates[60] == pytest.approx(0.5)
    assert rates[110] == pytest.approx(0, abs=1e-12)
    assert all(before > after >= 0 for before, after in pairwise(rates[10:]))


@pytest.mark.parametrize(("steps", "warmup"), [(10, 0), (10, 10), (5, 50), (1, 0), (1, 1)])
def test_learning_rate_is_always_a_share(steps: int, warmup: int) -> None:
    assert all(0 <= rate_at(step, steps, warmup) <= 1 for step in range(steps + 1))
    assert rate_at(0, steps, warmup) > 0
