"""Boundary shrinking: each erased record is taught the class across its nearest border."""

import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.seeding import generator_for
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import End, descend, send, working_copies
from semlink.unlearning.methods.parts.retain_objective import batches_of, retain_plan

CHUNK = 256


@dataclass(frozen=True)
class BoundaryShrink(Method):
    """The space of what is erased shrinks: its records go to the nearest other class, and no retained record is needed.

    x' = x + bound * sign(grad of the cross-entropy of x); the class that the frozen original finds likeliest for x', other
    than that of x, becomes the target of x.

    Fields: bound: of the step of each pixel, in brightness (0.1). share: of the training steps (0.05). rate: peak learning
            rate (None: a tenth of that of training). end: of the link that learns ("both").
    Reads:  forget set.   Errors: ErasureError when it is empty, or the loss leaves the range of numbers.
    Source: Chen, Gao, Liu, Peng and Wang, Boundary Unlearning, CVPR 2023: bound 0.1, SGD at 1e-5, 10 epochs.
            Differs: Adam with decay; the image passes the channel of training on its way to the border.
    """

    bound: float = 0.1
    share: float = 0.05
    rate: float | None = None
    end: End = "both"

    reads: ClassVar[tuple[Reads, ...]] = ("forget",)
    needs: ClassVar[frozenset[Trait]] = frozenset({"classes"})

    def __post_init__(self) -> None:
        check_numbers(self, positive=("bound", "share", "rate"))

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, self.reads)
        began = time.monotonic()
        original, erased = working_copies(codec)
        forget = batches_of(erased, partition, "forget", context)
        forget.all = replace(forget.all, labels=nearest_classes(original, forget.all, self.bound, context))

        def loss(step: int, generator: torch.Generator) -> Tensor:
            batch = forget[step]
            return erased.loss(batch, send(erased, batch, context, generator).reception).mean()

        rate = context.training.learning_rate / 10 if self.rate is None else self.rate
        done = descend(erased, loss, retain_plan(self.share, rate, self.end, context), context, "boundary shrink")
        samples = done * forget.size + len(partition.forget)
        passes = -(-len(partition.forget) // CHUNK)
        notes: dict[str, float | str] = {"border_passes": passes}
        return ErasedCodec(erased, self.reads, time.monotonic() - began, done + passes, samples, notes)


def nearest_classes(original: NeuralCodec[Any], batch: Any, bound: float, context: ErasureContext) -> Tensor:
    """The class across the nearest border of each labelled image: int64 [batch]."""
    found = []
    for number, rows in enumerate(torch.arange(len(batch), device=original.device).split(CHUNK)):
        part = batch[rows]
        images = part.images.clone().requires_grad_()
        generator = generator_for(context.seed, "border", number, device=original.device)
        seen = replace(part, images=images)
        loss = original.loss(seen, send(original, seen, context, generator).reception).sum()
        (slope,) = torch.autograd.grad(loss, images)
        beyond = replace(part, images=(images.detach() + bound * slope.sign()).clamp(0, 1))
        generator = generator_for(context.seed, "across", number, device=original.device)
        with torch.no_grad():
            scores = original.decode(send(original, beyond, context, generator).reception)
        own = functional.one_hot(part.labels, scores.shape[1]).bool()
        found.append(scores.masked_fill(own, -torch.inf).argmax(dim=1))
    return torch.cat(found)
