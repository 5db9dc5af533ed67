"""Boundary shrinking: each erased record is taught the class across its nearest border."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from semlink.codecs.contract import Trait
from semlink.codecs.neural_codec import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.optimisation import Loss
from semlink.unlearning.contract import Erasure, ErasureContext, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent, End, send, sent_loss
from semlink.unlearning.methods.parts.gradient_method import GradientMethod
from semlink.unlearning.methods.parts.retain_objective import retain_plan

CHUNK = 256


@dataclass(frozen=True)
class BoundaryShrink(GradientMethod):
    """Moves each erased record to its nearest other class, so that the space of an erased class shrinks.

    x' = x + bound * sign(grad of the cross-entropy of x); the class that the frozen original finds likeliest for x',
    other than that of x, becomes the target of x. No retained record is needed.

    Fields: bound: of the step of each pixel, in brightness (0.1). share: of the training steps (0.05). rate: peak
            learning rate (None: a tenth of that of training). end: of the link that learns ("both").
    Reads:  forget set.   Errors: ErasureError when it is empty, or the loss leaves the range of numbers.
    Source: Chen, Gao, Liu, Peng and Wang, Boundary Unlearning, CVPR 2023: bound 0.1, SGD at 1e-5, 10 epochs.
            Differs: Adam with decay; the image passes the channel of training on its way to the border.
    """

    bound: float = 0.1
    share: float = 0.05
    rate: float | None = None
    end: End = "both"

    name: ClassVar[str] = "boundary-shrink"
    phase: ClassVar[str] = "boundary shrink"
    reads: ClassVar[tuple[Reads, ...]] = ("forget",)
    needs: ClassVar[frozenset[Trait]] = frozenset({"classes"})

    def __post_init__(self) -> None:
        check_numbers(self, positive=("bound", "share", "rate"))

    def plan(self, context: ErasureContext) -> Descent:
        rate = context.training.learning_rate / 10 if self.rate is None else self.rate
        return retain_plan(self.share, rate, self.end, context)

    def make_loss(self, erasure: Erasure) -> Loss:
        forget = erasure.batches("forget")
        labels = nearest_classes(erasure.original, forget.all, self.bound, erasure.context)
        forget.relabel(labels)
        passes = -(-len(forget.all) // CHUNK)
        erasure.steps += passes
        erasure.samples += len(forget.all)
        erasure.notes["border_passes"] = passes
        return lambda step, generator: sent_loss(erasure.erased, forget[step], erasure.context, generator)


def nearest_classes(original: NeuralCodec[Any], batch: Any, bound: float, context: ErasureContext) -> Tensor:
    """The class across the nearest border of each labelled image: int64 [batch]."""
    classes = []
    for number, rows in enumerate(torch.arange(len(batch), device=original.device).split(CHUNK)):
        part = batch[rows]
        images = part.images.clone().requires_grad_()
        generator = generator_for(context.seed, "border", number, device=original.device)
        shown = replace(part, images=images)
        loss = original.loss(shown, send(original, shown, context, generator).reception).sum()
        (gradient,) = torch.autograd.grad(loss, images)
        beyond = replace(part, images=(images.detach() + bound * gradient.sign()).clamp(0, 1))
        generator = generator_for(context.seed, "across", number, device=original.device)
        with torch.no_grad():
            scores = original.decode(send(original, beyond, context, generator).reception)
        true_class = functional.one_hot(part.labels, scores.shape[1]).bool()
        classes.append(scores.masked_fill(true_class, -torch.inf).argmax(dim=1))
    return torch.cat(classes)
