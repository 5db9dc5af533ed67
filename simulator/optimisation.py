"""The optimisation loop of training and unlearning: optimiser, schedule, clipping, progress and checkpoints."""

import functools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from semlink.progress import Progress
from semlink.seeding import generator_for, seed_for, seeded
from semlink.simulator.checkpoint import read_checkpoint, write_checkpoint

SAVED_EVERY = 10.0  # seconds between two checkpoints, at most

Loss = Callable[[int, torch.Generator], Tensor]


@dataclass(frozen=True)
class StepPlan:
    """How steps are taken.

    steps: at most. rate: peak learning rate. warmup: steps until the peak. decay: whether a cosine leads to 0.
    clip: largest gradient norm. momentum: of SGD, or beta_1 of Adam and AdamW.
    """

    steps: int
    rate: float
    warmup: int = 0
    decay: bool = True
    clip: float = 1.0
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    momentum: float = 0.9
    weight_decay: float = 0.0


@dataclass(frozen=True)
class StepReport:
    """What is to be said after a step. enough: whether it was the last. save: whether to write a checkpoint now."""

    note: str
    enough: bool = False
    save: bool = False


@dataclass(frozen=True)
class Checkpoint:
    """A file from which stopped work goes on.

    identity: of the work; a checkpoint of other work is refused. state: what belongs to the work beside the weights,
    the optimiser and the schedule. restore: takes it up again.
    """

    path: Path
    identity: str
    state: Callable[[], dict[str, Any]]
    restore: Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Optimisation:
    """The steps that were taken, those of a stopped run included, and the seconds that the stopped run took."""

    steps: int
    earlier_seconds: float


def optimise(
    network: nn.Module,
    parameters: Sequence[nn.Parameter],
    loss: Loss,
    plan: StepPlan,
    seed: int,
    key: str,
    after_step: Callable[[int, Tensor], StepReport],
    diverged: Callable[[int], Exception],
    label: str,
    checkpoint: Checkpoint | None = None,
) -> Optimisation:
    """Changes `parameters` of `network` in place, step by step. The resumed work ends as if it had never been stopped.

    In:     loss: of the step of a number, counted from 0, with its generator, which depends on seed, key and number.
            after_step: called after each step with how many are done and with the loss.
            diverged: the error for a step, counted from 1, whose loss is not finite.
            label: of the progress line.
    Errors: what `diverged` makes; BundleError when the checkpoint is damaged or of other work.
    """
    device = next(network.parameters()).device
    optimiser = _optimiser(parameters, plan)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: rate_at(step, plan.steps, plan.warmup) if plan.decay else 1.0
    )
    done, earlier = 0, 0.0
    if checkpoint is not None and checkpoint.path.exists():
        stored = read_checkpoint(checkpoint.path, checkpoint.identity)
        network.load_state_dict(stored["network"])
        optimiser.load_state_dict(stored["optimiser"])
        schedule.load_state_dict(stored["schedule"])
        checkpoint.restore(stored["work"])
        done, earlier = stored["done"], stored["seconds"]
    began = saved = time.monotonic()
    enough = False
    with Progress(label, plan.steps, done) as progress:
        while done < plan.steps and not enough:
            step = functools.partial(loss, done, generator_for(seed, key, done, device=device))
            value = seeded(seed_for(seed, key, done, "modules"), step, device)  # dropout knows no generator
            if not value.isfinite():
                raise diverged(done + 1)
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(parameters, plan.clip)
            optimiser.step()
            schedule.step()
            done += 1
            report = after_step(done, value)
            enough = report.enough
            due = time.monotonic() - saved > SAVED_EVERY and not enough and done < plan.steps
            if checkpoint is not None and (report.save or due):
                state = {
                    "network": network.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "schedule": schedule.state_dict(),
                    "work": checkpoint.state(),
                    "done": done,
                    "seconds": earlier + time.monotonic() - began,
                }
                write_checkpoint(checkpoint.path, state, checkpoint.identity)
                saved = time.monotonic()
            progress.step(report.note)
    return Optimisation(done, earlier)


def rate_at(step: int, steps: int, warmup: int) -> float:
    """Learning rate at `step` as a share of its peak: linear warm-up, then a cosine to zero."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup))))


def _optimiser(parameters: Sequence[nn.Parameter], plan: StepPlan) -> torch.optim.Optimizer:
    if plan.optimiser == "sgd":
        return torch.optim.SGD(parameters, lr=plan.rate, momentum=plan.momentum, weight_decay=plan.weight_decay)
    kind = torch.optim.Adam if plan.optimiser == "adam" else torch.optim.AdamW
    return kind(parameters, lr=plan.rate, betas=(plan.momentum, 0.999), weight_decay=plan.weight_decay)
