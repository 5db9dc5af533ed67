"""The steps of a method that moves weights along a gradient: optimiser, schedule, progress, and where to go on."""

import copy
import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from semlink.codecs.contract import NeuralCodec
from semlink.errors import ErasureError
from semlink.progress import Progress
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.simulator.checkpoint import SAVED_EVERY, read_checkpoint, weights_digest, write_checkpoint
from semlink.simulator.link import Transmission, draw_snr, transmit
from semlink.simulator.training import rate_at
from semlink.unlearning.contract import ErasureContext, Partition

End = Literal["both", "sender", "receiver"]
Loss = Callable[[int, torch.Generator], Tensor]
Look = Callable[[int], tuple[str, bool]]
Copied = TypeVar("Copied", bound=NeuralCodec[Any])


@dataclass(frozen=True)
class Descent:
    """How steps are taken.

    steps: at most. rate: peak learning rate. warmup: steps until the peak. decay: whether a cosine leads to 0.
    clip: largest gradient norm. optimiser: "adam" or "sgd". momentum: of either; of Adam it is beta_1.
    end: which end of the link learns; what both share learns only with both.
    """

    steps: int
    rate: float
    warmup: int = 0
    decay: bool = True
    clip: float = 1.0
    optimiser: Literal["adam", "sgd"] = "adam"
    momentum: float = 0.9
    weight_decay: float = 0.0
    end: End = "both"


def working_copies(codec: Copied) -> tuple[Copied, Copied]:
    """A frozen copy of the original and one to be changed, neither with dropout, whose noise no forgetting needs."""
    original = copy.deepcopy(codec).eval().requires_grad_(False)
    return original, copy.deepcopy(codec).eval()


def paired(codec: NeuralCodec[Any], partition: Partition, batch: int, seed: int) -> tuple[Batches, Batches]:
    """Batches of the forget and of the retain set, equally large, in random orders of their own."""
    size = min(batch, len(partition.forget), len(partition.retain))
    return (
        Batches(codec, partition.forget, size, seed, "forget", codec.device),
        Batches(codec, partition.retain, size, seed, "retain", codec.device),
    )


def send(codec: NeuralCodec[Any], batch: Any, context: ErasureContext, generator: torch.Generator) -> Transmission:
    """A passage over the channel of training, at an Es/N0 drawn from its law for each example."""
    return transmit(codec, context.channel, batch, draw_snr(context.training.snr_db, len(batch), generator), generator)


def descend(
    codec: NeuralCodec[Any],
    loss: Loss,
    plan: Descent,
    context: ErasureContext,
    name: str,
    look: Look | None = None,
) -> int:
    """Changes `codec` in place, step by step, and returns how many steps it took.

    In:     loss: of a step with its number and its generator, whose draws depend on the seed, `name` and step alone.
            name: of this phase; a method with several gives each its own.
            look: called after each step with how many are done; what to tell, and whether it is enough.
    Errors: ErasureError when the loss leaves the range of numbers; BundleError for a checkpoint of other work.
    """
    everything = dict(codec.named_parameters())
    learning = end_parameters(codec, plan.end)
    frozen = [one for one in everything.values() if one.requires_grad and all(one is not other for other in learning)]
    for parameter in frozen:
        parameter.requires_grad_(False)
    optimiser: torch.optim.Optimizer
    if plan.optimiser == "adam":
        betas = (plan.momentum, 0.999)
        optimiser = torch.optim.Adam(learning, lr=plan.rate, betas=betas, weight_decay=plan.weight_decay)
    else:
        optimiser = torch.optim.SGD(learning, lr=plan.rate, momentum=plan.momentum, weight_decay=plan.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: rate_at(step, plan.steps, plan.warmup) if plan.decay else 1.0
    )
    path = None if context.checkpoint is None else context.checkpoint.with_name(f"{context.checkpoint.name}-{name}")
    identity = "" if path is None else _identity(codec, plan, context, name)
    done, enough = 0, False
    if path is not None and path.exists():
        state = read_checkpoint(path, identity)
        codec.load_state_dict(state["codec"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        done = state["done"]
    saved = time.monotonic()
    with Progress(context.label, plan.steps, done) as progress:
        while done < plan.steps and not enough:
            value = loss(done, generator_for(context.seed, name, done, device=codec.device))
            if not value.isfinite():
                raise ErasureError(f"{name} diverged at step {done + 1}; lower its rate or the weight of its force.")
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(learning, plan.clip)
            optimiser.step()
            schedule.step()
            done += 1
            told, enough = look(done) if look else (f"loss {value.item():.4f}", False)
            if path is not None and time.monotonic() - saved > SAVED_EVERY and not enough and done < plan.steps:
                kept = {"codec": codec.state_dict(), "optimiser": optimiser.state_dict(), "done": done}
                write_checkpoint(path, kept | {"schedule": schedule.state_dict()}, identity)
                saved = time.monotonic()
            progress.step(told)
    for parameter in frozen:
        parameter.requires_grad_(True)
    return done


def end_parameters(codec: NeuralCodec[Any], end: End) -> list[nn.Parameter]:
    """The parameters that learn where only one end, or both, may change."""
    if end == "both":
        return [parameter for parameter in codec.parameters() if parameter.requires_grad]
    modules: Sequence[nn.Module] = codec.sender if end == "sender" else codec.receiver
    return [parameter for module in modules for parameter in module.parameters() if parameter.requires_grad]


def _identity(codec: NeuralCodec[Any], plan: Descent, context: ErasureContext, name: str) -> str:
    """What a checkpoint is of: the phase, its plan, seed and setting, and the weights that it starts from."""
    facts = (name, dataclasses.asdict(plan), context.seed, context.label, dataclasses.asdict(context.training))
    return f"{facts!r} {weights_digest(codec)}"
