"""Contrastive unlearning: representations of erased records move away from those of their class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.sources.contract import Record
from semlink.unlearning.contract import Erasure, Method, Partition, Reads
from semlink.unlearning.methods.contrastive.loss import contrastive_loss
from semlink.unlearning.methods.contrastive.stop import ContrastiveStop, sets_with_contrastive_stop
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent, End, descend, send

UNKNOWN = -1


@dataclass(frozen=True)
class Contrastive(Method):
    """Pushes representations of erased records away from those of their class and towards all others.

    loss = unlearn_weight * contrastive_loss(sent z_e, sent z_r) + retain_weight * objective(x_r)

    Each batch of the forget set meets `repeats` batches of the retain set, drawn at random, each over fresh fades and
    noise, with one step of the optimiser each. After each pass over the forget set, `ContrastiveStop` says whether to
    stop: more steps would teach that the records are something else.

    A class goes as a whole (mode=class): then no retained record is like an erased one, and the records are drawn to
    all others. Single records (mode=sample) are pushed away from retained records of their class. On codecs that
    rebuild what was sent, classes are those of the records, and where records have none, all retained ones count as
    others. That extension is ours.

    Fields: mode: ("auto": class where the request names labels, or no retained record has the class of an erased one).
            repeats: omega (4). unlearn_weight: lambda_UL (0.2). retain_weight: lambda_CE (1). temperature: tau (0.7).
            rate: of Adam (None: the peak rate of training; ResNet-18 wants a fifth of it, see
                  `contrastive/cifar10-class`).
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

    name: ClassVar[str] = "contrastive"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")
    needs: ClassVar[frozenset[Trait]] = frozenset({"link"})

    def __post_init__(self) -> None:
        positive = ("repeats", "temperature", "batch", "passes", "clip", "rate")
        check_numbers(self, positive, not_negative=("unlearn_weight", "retain_weight"))

    def sets(self, codec: NeuralCodec[Any], partition: Partition) -> tuple[Reads, ...]:
        return sets_with_contrastive_stop(codec, self._whole(partition))

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        erased, partition, context = erasure.erased, erasure.partition, erasure.context
        whole = self._whole(partition)
        stop = ContrastiveStop.of(erased, partition, context, whole)
        forget, retain = batch_of(erased, partition.forget), batch_of(erased, partition.retain)
        forget_classes, retain_classes = _classes(partition.forget), _classes(partition.retain)
        forget_size, retain_size = min(self.batch, len(forget)), min(self.batch, len(retain))
        per_pass = -(-len(forget) // forget_size)

        def loss(step: int, generator: torch.Generator) -> Tensor:
            rows = _rows(len(forget), forget_size, per_pass, step // self.repeats, context.seed)
            others = torch.randint(len(retain), (retain_size,), generator=generator, device=erased.device).cpu()
            erasure.samples += forget_size + retain_size
            lost = send(erased, forget[rows.to(erased.device)], context, generator)
            batch = retain[others.to(erased.device)]
            kept = send(erased, batch, context, generator)
            known = (forget_classes[rows] != UNKNOWN).unsqueeze(1)
            alike = (forget_classes[rows].unsqueeze(1) == retain_classes[others]) & known
            unlearning = contrastive_loss(
                erased.embed(lost.latent, lost.posterior.mask),
                erased.embed(kept.latent, kept.posterior.mask),
                (alike & (not whole)).to(erased.device),
                self.temperature,
            )
            objective = erased.objective(batch, kept.reception, generator)
            return self.unlearn_weight * unlearning + self.retain_weight * objective

        note = "not measured yet"

        def after_step(done: int) -> tuple[str, bool]:
            nonlocal note
            if done % (per_pass * self.repeats):
                return note, False
            erasure.samples += stop.samples
            note, enough = stop.check(erased)
            return note, enough

        rate = context.training.learning_rate if self.rate is None else self.rate
        plan = Descent(self.passes * per_pass * self.repeats, rate, decay=False, clip=self.clip, end=self.end)
        done = descend(erasure, loss, plan, "contrastive", after_step)
        erasure.notes |= {
            "mode": "class" if whole else "sample",
            "stopped": "threshold" if stop.check(erased)[1] else "passes",
            "passes": done // (per_pass * self.repeats),
        }
        return erased

    def _whole(self, partition: Partition) -> bool:
        """Whether a class goes as a whole."""
        if self.mode != "auto":
            return self.mode == "class"
        erased, kept = ({record.label for record in records} for records in (partition.forget, partition.retain))
        return bool(partition.labels) or (None not in erased and erased.isdisjoint(kept))


def _classes(records: Sequence[Record]) -> Tensor:
    """The class of each record: int64 [records]."""
    return torch.tensor([UNKNOWN if record.label is None else record.label for record in records])


def _rows(count: int, size: int, per_pass: int, number: int, seed: int) -> Tensor:
    """The rows of one batch of the forget set, in an order that is drawn anew for each pass; int64 [size or less]."""
    turn, position = divmod(number, per_pass)
    order = torch.randperm(count, generator=generator_for(seed, "contrastive order", turn))
    return order[position * size : (position + 1) * size]
