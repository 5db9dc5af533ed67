"""Training of a neural codec over a channel. A stopped training resumes from its checkpoint and ends the same."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semlink.channels.contract import Channel
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.posterior import divergence_from_prior
from semlink.errors import WrongField
from semlink.seeding import generator_for, seed_for
from semlink.simulator.batch_transform import BatchTransform
from semlink.simulator.batches import Batches
from semlink.simulator.checkpoint import weights_digest
from semlink.simulator.information_term import InformationTerm
from semlink.simulator.link import Transmission, draw_snr, transmit
from semlink.simulator.optimisation import Checkpoint, StepPlan, StepReport, optimise
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.training_settings import SnrLaw, TrainingSettings
from semlink.version import __version__

HELD_OUT = 1024  # validation records that are measured; more would cost more than they are worth


@dataclass(frozen=True)
class TrainingOutcome:
    """What came of a training.

    validation_loss: mean loss of the kept weights. best_step: the step that they are from.
    seconds: that training took. earlier_seconds: those of them that passed before it was stopped and resumed.
    """

    validation_loss: float
    best_step: int
    seconds: float
    earlier_seconds: float = 0.0


def train(
    codec: NeuralCodec[Any],
    records: Sequence[Record],
    validation: Sequence[Record],
    channel: Channel,
    settings: TrainingSettings,
    seed: int,
    label: str = "train",
    checkpoint: Path | None = None,
    transform: BatchTransform | None = None,
) -> TrainingOutcome:
    """Trains `codec` in place and leaves it with the weights that did best on `validation`.

    A codec with parts is trained part by part, see `train_part`.

    In:     checkpoint: a file that is written as training goes on and read when it exists; the resumed run
            gives the same weights as one that was never stopped. Remove it once the codec is stored.
            transform: of the batches that the codec is trained on; validation goes without.
    Errors: SourceError when a set is empty; BundleError when the checkpoint is damaged or of another training;
            WrongField when the loss leaves the range of numbers, or the transform does not fit.
    """
    codec.check_trainable()
    if codec.parts:
        return _train_parts(codec, records, validation, channel, settings, seed, label, checkpoint, transform)
    began = time.monotonic()
    batches = Batches(codec, records, settings.batch, seed, "train", codec.device)
    change = None if transform is None else transform.fitted(codec, batches.all)
    held_out = Batches(codec, subset(validation, HELD_OUT, seed), HELD_OUT, seed, "validation", codec.device).all
    information = InformationTerm(seed, codec.device) if settings.information_weight else None
    best = _BestWeights()

    def loss(step: int, generator: torch.Generator) -> Tensor:
        batch = batches[step] if change is None else change(batches[step], generator)
        sent = transmit(codec, channel, batch, draw_snr(settings.snr_db, len(batch), generator), generator)
        objective = training_objective(codec, batch, sent, settings.prior_weight, generator)
        if information is not None:
            bound = information.bound(sent.frame, sent.reception, generator)
            objective = objective - settings.information_weight * bound
        return objective

    def after_step(done: int, value: Tensor) -> StepReport:
        if information is not None:
            information.step()
        validated = done % settings.validate == 0 or done == settings.steps
        if validated:
            held_out_loss = mean_loss(codec, held_out, channel, settings.snr_db, seed)
            if not math.isfinite(held_out_loss):
                raise _diverged(done)
            if held_out_loss < best.loss or settings.keep == "last":
                best.take(codec, done, held_out_loss)
        measured = f", validation {best.loss:.4f}" if math.isfinite(best.loss) else ""  # from the first look on
        return StepReport(f"loss {value.item():.4f}{measured}", save=validated)

    def state() -> dict[str, Any]:
        return {"best": vars(best), "information": None if information is None else information.state()}

    def restore(stored: dict[str, Any]) -> None:
        best.loss, best.step, best.weights = (stored["best"][name] for name in ("loss", "step", "weights"))
        if information is not None:
            information.restore(stored["information"])

    plan = StepPlan(
        settings.steps,
        settings.learning_rate,
        warmup=settings.warmup,
        clip=settings.clip,
        optimiser="adamw",
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
    kept = None
    if checkpoint is not None:
        facts = _facts(codec, [*records, *validation], channel, settings, seed, transform)
        kept = Checkpoint(checkpoint, facts, state, restore)
    codec.train()
    taken = optimise(codec, list(codec.parameters()), loss, plan, seed, "training", after_step, _diverged, label, kept)
    codec.load_state_dict(best.weights)
    codec.eval()
    seconds = taken.earlier_seconds + time.monotonic() - began
    return TrainingOutcome(best.loss, best.step, seconds, taken.earlier_seconds)


def training_objective(
    codec: NeuralCodec[Any], batch: Any, sent: Transmission, prior_weight: float, generator: torch.Generator
) -> Tensor:
    """What a step of training lowers, one number: objective + beta KL(q(z|x) || N(0, I)).

    The second term, with beta = `prior_weight`, is there for variational codecs alone.
    """
    objective = codec.objective(batch, sent.reception, generator)
    if sent.posterior.sampled:
        objective = objective + prior_weight * divergence_from_prior(sent.posterior).mean()
    return objective


@dataclass
class _BestWeights:
    """The weights that did best on the validation records so far, their loss there and the step that they are from."""

    loss: float = math.inf
    step: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def take(self, codec: NeuralCodec[Any], step: int, loss: float) -> None:
        self.loss, self.step = loss, step
        self.weights = {name: value.detach().clone() for name, value in codec.state_dict().items()}


def _diverged(step: int) -> WrongField:
    return WrongField(f"Training diverged by step {step}; lower its learning rate.")


def _facts(
    codec: NeuralCodec[Any],
    records: Sequence[Record],
    channel: Channel,
    settings: TrainingSettings,
    seed: int,
    transform: BatchTransform | None,
) -> str:
    """A digest of all that the weights depend on: the identity of a checkpoint."""
    names = [record.id for record in records]
    facts = (__version__, asdict(settings), seed, names, codec.config.to_dict(), _description(channel))
    return f"{seed_for(repr((*facts, transform and transform.digest(), weights_digest(codec))))}"


def train_part(
    codec: NeuralCodec[Any],
    part: int,
    records: Sequence[Record],
    validation: Sequence[Record],
    channel: Channel,
    settings: TrainingSettings,
    seed: int,
    label: str,
    checkpoint: Path | None,
    transform: BatchTransform | None,
) -> TrainingOutcome:
    """Trains one part of `codec` in place on its own among `records`, as if there were no others.

    It takes an even share of the steps, so that each record is met as often as in a codec without parts. Its weights
    are a function of its beginning, its records, the validation set and the seed. It has a checkpoint of its own.
    Errors: those of `train`.
    """
    return train(
        codec.parts[part],
        records_of(codec, part, records),
        validation,
        channel,
        settings_of(settings, part, len(codec.parts)),
        seed,
        f"{label}, part {part + 1} of {len(codec.parts)}",
        None if checkpoint is None else checkpoint.with_name(f"{checkpoint.name}-part-{part + 1}"),
        transform,
    )


def records_of(codec: NeuralCodec[Any], part: int, records: Sequence[Record]) -> list[Record]:
    """Those that a part of a codec learns from."""
    return [record for record in records if codec.part_of(record.payload) == part]


def settings_of(settings: TrainingSettings, part: int, parts: int) -> TrainingSettings:
    """How a part of a codec is trained: its share of the steps, of the warm-up and of the steps between validations."""
    return replace(
        settings,
        steps=max(1, settings.steps // parts + (part < settings.steps % parts)),
        warmup=math.ceil(settings.warmup / parts),
        validate=math.ceil(settings.validate / parts),
    )


def _train_parts(
    codec: NeuralCodec[Any],
    records: Sequence[Record],
    validation: Sequence[Record],
    channel: Channel,
    settings: TrainingSettings,
    seed: int,
    label: str,
    checkpoint: Path | None,
    transform: BatchTransform | None,
) -> TrainingOutcome:
    """The loss of the whole codec, the sum of the steps that the parts' weights are from, and all seconds."""
    outcomes = [
        train_part(codec, part, records, validation, channel, settings, seed, label, checkpoint, transform)
        for part in range(len(codec.parts))
    ]
    held_out = Batches(codec, subset(validation, HELD_OUT, seed), HELD_OUT, seed, "validation", codec.device).all
    loss = mean_loss(codec, held_out, channel, settings.snr_db, seed)
    codec.eval()
    return TrainingOutcome(
        loss,
        sum(outcome.best_step for outcome in outcomes),
        sum(outcome.seconds for outcome in outcomes),
        sum(outcome.earlier_seconds for outcome in outcomes),
    )


@torch.no_grad()
def mean_loss(
    codec: NeuralCodec[Any], batch: Any, channel: Channel, law: SnrLaw, seed: int, chunk: int = 256, draws: int = 1
) -> float:
    """Mean loss over the examples of a batch, each sent `draws` times at an Es/N0 drawn from `law`; draws repeat."""
    was_training = codec.training
    codec.eval()
    total = 0.0
    order = torch.argsort(codec.channel_uses(batch), stable=True)
    for draw in range(draws):
        for index, rows in enumerate(order.split(chunk)):
            generator = generator_for(seed, "mean loss", draw, index, device=codec.device)
            part = batch[rows]
            sent = transmit(codec, channel, part, draw_snr(law, len(part), generator), generator)
            total += codec.loss(part, sent.reception).sum().item()
    codec.train(was_training)
    return total / (len(batch) * draws)


def _description(channel: Channel) -> list[str]:
    """The kind of a channel and all that it was built from; it keeps no other state."""
    fields = {name: value for name, value in vars(channel).items() if not name.startswith("_") and name != "training"}
    return [type(channel).__name__, *(f"{name}={fields[name]!r}" for name in sorted(fields))]
