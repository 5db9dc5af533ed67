"""The steps of a method that moves the weights of a codec along a gradient."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError
from semlink.simulator.checkpoint import weights_digest
from semlink.simulator.link import Transmission, draw_snr, transmit
from semlink.simulator.optimisation import Checkpoint, Loss, StepPlan, StepReport, optimise
from semlink.unlearning.contract import Erasure, ErasureContext

End = Literal["both", "sender", "receiver"]
AfterStep = Callable[[int], tuple[str, bool]]


@dataclass(frozen=True)
class Descent(StepPlan):
    """How steps are taken. end: which end of the link learns; what both share learns only with both."""

    end: End = "both"


def send(codec: NeuralCodec[Any], batch: Any, context: ErasureContext, generator: torch.Generator) -> Transmission:
    """A transmission over the channel of training, at an Es/N0 drawn from its law for each example."""
    return transmit(codec, context.channel, batch, draw_snr(context.training.snr_db, len(batch), generator), generator)


def sent_loss(codec: NeuralCodec[Any], batch: Any, context: ErasureContext, generator: torch.Generator) -> Tensor:
    """mean rec(x): the mean loss of a batch that is sent so, one number."""
    return codec.loss(batch, send(codec, batch, context, generator).reception).mean()


def descend(
    erasure: Erasure,
    loss: Loss,
    plan: Descent,
    phase: str,
    after_step: AfterStep | None = None,
    resume: bool = True,
) -> int:
    """Changes `erasure.erased` in place, step by step, counts the steps there, and returns how many it took.

    In:     loss: of a step with its number and its generator, whose draws depend on the seed, `phase` and step alone.
            phase: the name of these steps; a method with several phases gives each its own.
            after_step: called after each step with how many are done; returns what to say, and whether it is enough.
            resume: whether a stopped run resumes from a checkpoint.
    Errors: ErasureError when the loss leaves the range of numbers; BundleError for a checkpoint of other work.
    """
    codec, context, before = erasure.erased, erasure.context, erasure.samples

    def report(done: int, value: Tensor) -> StepReport:
        return StepReport(*after_step(done)) if after_step else StepReport(f"loss {value.item():.4f}")

    def state() -> dict[str, Any]:
        return {"samples": erasure.samples - before}

    def restore(stored: dict[str, Any]) -> None:
        erasure.samples += stored["samples"]

    def diverged(step: int) -> ErasureError:
        return ErasureError(f"{phase} diverged at step {step}; lower its rate or the weight of its forgetting term.")

    checkpoint = None
    if context.checkpoint is not None and resume:
        path = context.checkpoint.with_name(f"{context.checkpoint.name}-{phase}")
        checkpoint = Checkpoint(path, _identity(codec, plan, context, phase), state, restore)
    learning = end_parameters(codec, plan.end)
    with only_learning(codec, learning):
        taken = optimise(codec, learning, loss, plan, context.seed, phase, report, diverged, context.label, checkpoint)
    erasure.steps += taken.steps
    erasure.earlier_seconds += taken.earlier_seconds
    return taken.steps


def end_parameters(codec: NeuralCodec[Any], end: End) -> list[nn.Parameter]:
    """The parameters that learn where only one end, or both, may change. Errors: ErasureError when there are none."""
    modules: Sequence[nn.Module] = {"both": (codec,), "sender": codec.sender, "receiver": codec.receiver}[end]
    learning = [parameter for module in modules for parameter in module.parameters() if parameter.requires_grad]
    if not learning:
        raise ErasureError(f"The {end} of this codec has no weights that learn; choose another method.")
    return learning


@contextmanager
def only_learning(codec: nn.Module, parameters: Sequence[nn.Parameter]) -> Iterator[None]:
    """Freezes all other parameters of `codec` for a while."""
    learning = {id(parameter) for parameter in parameters}
    frozen = [value for value in codec.parameters() if value.requires_grad and id(value) not in learning]
    for parameter in frozen:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)


@contextmanager
def changed_gradients(
    parameters: Sequence[nn.Parameter], changes: Sequence[Callable[[Tensor], Tensor]]
) -> Iterator[None]:
    """For a while, the gradient of each parameter is what its change makes of it, before it is clipped."""
    hooks = [parameter.register_hook(change) for parameter, change in zip(parameters, changes, strict=True)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _identity(codec: NeuralCodec[Any], plan: Descent, context: ErasureContext, phase: str) -> str:
    """What a checkpoint is of: the phase, its plan, seed and context, and the weights that it starts from."""
    facts = (phase, dataclasses.asdict(plan), context.seed, context.label, dataclasses.asdict(context.training))
    return f"{facts!r} {weights_digest(codec)}"
