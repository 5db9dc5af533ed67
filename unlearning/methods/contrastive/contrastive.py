"""Contrastive unlearning: erased records lose their place among those of their kind."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.contrastive.loss import contrastive_loss
from semlink.unlearning.methods.contrastive.stop import ContrastiveStop
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import Descent, End, descend, send, working_copies

UNKNOWN = -1


@dataclass(frozen=True)
class Contrastive(Method):
    """Pushes representations of erased records away from those of their class and towards all others.

    loss = unlearn_weight * contrastive_loss(sent z_e, sent z_r) + retain_weight * objective(x_r)

    Each batch of the forget set meets `repeats` batches of the retain set, drawn at random, each over fresh fades and
    noise, with one step of the optimiser each. After each pass over the forget set it is asked whether to stop
    (`ContrastiveStop`): going on would teach that the records are something else.

    A class goes as a whole (mode=class): then no retained record is like an erased one, and the records are drawn to
    all others. Single records (mode=sample) are pushed away from retained records of their class. On codecs that rebuild
    what was sent, classes are those of the records, and where records have none, all retained ones count as others. That
    extension is ours.

    Fields: mode: ("auto": class where the request names labels, or no retained record has the class of an erased one).
            repeats: omega (4). unlearn_weight: lambda_UL (0.2). retain_weight: lambda_CE (1). temperature: tau (0.7).
            rate: of Adam (None: the peak rate of training; ResNet-18 wants a fifth of it, see `contrastive/cifar10-class`).
            batch: records of each set a step (64).
            passes: over the forget set, at most (30). clip: largest gradient norm (1). end: of the link that learns
            ("both"; the loss of representations moves the sender alone).
    Reads:  forget set, retain set; validation set, for stopping, unless a class leaves a codec that infers classes.
    Errors: ErasureError when a set is empty, or the codec is damaged beyond numbers.
    Source: see `contrastive_loss`; omega, lambda_CE and tau are those of the official code.
            Differs: lambda_UL, which is 3 there: it draws the classes together, which a link pays for at low Es/N0
            (`contrastive/mnist-samples` has both); retained batches are drawn at random, as the paper has it and its
            code has not; Adam instead of SGD at 1e-3; stops on validation data, not on the test set.
    """

    mode: Literal["auto", "class", "sample"] = "auto"
    repeats: int = 4
    unlearn_weight: float = 0.2
    retain_weight: float = 1.0
    temperature: float = 0.7
    rate: float | None = None
    batch: int = 64
    passes: int = 30
    clip: float = 1.0
    end: End = "both"

    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")
    needs: ClassVar[frozenset[Trait]] = frozenset({"link"})

    def __post_init__(self) -> None:
        positive = ("repeats", "temperature", "batch", "passes", "clip", "rate")
        check_numbers(self, positive, not_negative=("unlearn_weight", "retain_weight"))

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, ("forget", "retain"))
        began = time.monotonic()
        _, erased = working_copies(codec)
        whole = self._whole(partition)
        stop = ContrastiveStop.of(codec, partition, context, whole)
        forget, retain = batch_of(erased, partition.forget), batch_of(erased, partition.retain)
        kinds, other_kinds = _kinds(partition.forget), _kinds(partition.retain)
        size = min(self.batch, len(forget))
        kept_size = min(self.batch, len(retain))
        per_pass = -(-len(forget) // size)
        steps = self.passes * per_pass * self.repeats

        def loss(step: int, generator: torch.Generator) -> Tensor:
            rows = _rows(len(forget), size, per_pass, step // self.repeats, context.seed)
            others = torch.randint(len(retain), (kept_size,), generator=generator, device=erased.device).cpu()
            lost = send(erased, forget[rows.to(erased.device)], context, generator)
            batch = retain[others.to(erased.device)]
            kept = send(erased, batch, context, generator)
            alike = (kinds[rows].unsqueeze(1) == other_kinds[others]) & (kinds[rows] != UNKNOWN).unsqueeze(1)
            force = contrastive_loss(
                erased.embed(lost.latent, lost.posterior.mask),
                erased.embed(kept.latent, kept.posterior.mask),
                (alike & (not whole)).to(erased.device),
                self.temperature,
            )
            objective = erased.objective(batch, kept.reception, generator)
            return self.unlearn_weight * force + self.retain_weight * objective

        told = "not asked yet"

        def look(done: int) -> tuple[str, bool]:
            nonlocal told
            if done % (per_pass * self.repeats):
                return told, False
            told, enough = stop.look(erased)
            return told, enough

        rate = context.training.learning_rate if self.rate is None else self.rate
        plan = Descent(steps, rate, decay=False, clip=self.clip, end=self.end)
        done = descend(erased, loss, plan, context, "contrastive", look)
        passes = done // (per_pass * self.repeats)
        samples = done * (size + kept_size) + passes * stop.samples
        notes: dict[str, float | str] = {
            "mode": "class" if whole else "sample",
            "stopped": "threshold" if stop.look(erased)[1] else "passes",
            "passes": passes,
        }
        return ErasedCodec(erased, stop.reads, time.monotonic() - began, done, samples, notes)

    def _whole(self, partition: Partition) -> bool:
        """Whether a class goes as a whole."""
        if self.mode != "auto":
            return self.mode == "class"
        erased, kept = ({record.label for record in records} for records in (partition.forget, partition.retain))
        return bool(partition.labels) or (None not in erased and erased.isdisjoint(kept))


def _kinds(records: Any) -> Tensor:
    return torch.tensor([UNKNOWN if record.label is None else record.label for record in records])


def _rows(count: int, size: int, per_pass: int, number: int, seed: int) -> Tensor:
    """The rows of one batch of the forget set, in an order that is drawn anew for each pass; int64 [size or less]."""
    turn, position = divmod(number, per_pass)
    order = torch.randperm(count, generator=generator_for(seed, "contrastive order", turn))
    return order[position * size : (position + 1) * size]
