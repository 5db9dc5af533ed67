"""SalUn: random labels, learned only by the weights that matter for the forget set."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from semlink.codecs.contract import NeuralCodec
from semlink.errors import WrongField
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.baselines.random_labels import mistaught
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import End, descend, end_parameters, send, working_copies
from semlink.unlearning.methods.parts.retain_objective import batches_of, retain_plan


@dataclass(frozen=True)
class Salun(Method):
    """`RandomLabels` with a mask over the weights, chosen before the first step.

    m_i = 1 for the `salient` share of the weights with the largest |sum over batches of d/dw_i mean rec(x_e)|, else 0;
    every gradient is multiplied by m.

    Fields: share: of the training steps (0.1). salient: share of the weights that change (0.5).
            forget_weight: lambda of the random targets (1). rate: peak learning rate (None: that of training).
            end: of the link that learns ("both").
    Reads:  forget set, retain set.   Errors: ErasureError when a set is empty, or the loss leaves the range of numbers.
    Source: Fan et al., SalUn: empowering machine unlearning via gradient-based weight saliency, ICLR 2024, with half of
            the weights of a ResNet-18, 10 epochs of SGD at 0.013.
            Differs: both sets in every step instead of in turn; Adam, to which a masked gradient is no step.
    """

    share: float = 0.1
    salient: float = 0.5
    forget_weight: float = 1.0
    rate: float | None = None
    end: End = "both"

    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "salient", "forget_weight", "rate"))
        if self.salient > 1:
            raise WrongField(f"salun cannot take salient={self.salient}; give a share above 0, at most 1.")

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, self.reads)
        began = time.monotonic()
        _, erased = working_copies(codec)
        forget, retain = (batches_of(erased, partition, name, context) for name in self.reads)
        learning = end_parameters(erased, self.end)
        masks = salient(gradients(erased, learning, forget, context), self.salient)
        hooks = [one.register_hook(mask.mul) for one, mask in zip(learning, masks, strict=True)]

        def loss(step: int, generator: torch.Generator) -> Tensor:
            return mistaught(erased, forget[step], retain[step], self.forget_weight, context, generator)

        done = descend(erased, loss, retain_plan(self.share, self.rate, self.end, context), context, "salun")
        for hook in hooks:
            hook.remove()
        samples = done * (forget.size + retain.size) + forget.per_epoch * forget.size
        notes: dict[str, float | str] = {"salient_weights": float(sum(int(mask.sum()) for mask in masks))}
        return ErasedCodec(erased, self.reads, time.monotonic() - began, done + forget.per_epoch, samples, notes)


def gradients(
    codec: NeuralCodec[Any], parameters: Sequence[nn.Parameter], batches: Batches, context: ErasureContext
) -> list[Tensor]:
    """Sum over one epoch of the gradients of the mean loss of a batch, for each parameter; one backward pass a batch."""
    total = [torch.zeros_like(parameter) for parameter in parameters]
    for step in range(batches.per_epoch):
        batch = batches[step]
        generator = generator_for(context.seed, "saliency", step, device=codec.device)
        loss = codec.loss(batch, send(codec, batch, context, generator).reception).mean()
        for sum_, gradient in zip(total, torch.autograd.grad(loss, parameters, allow_unused=True), strict=True):
            if gradient is not None:
                sum_ += gradient
    return total


def salient(values: Sequence[Tensor], share: float) -> list[Tensor]:
    """1 where |value| is among the largest `share` of all tensors together, at least one, else 0; shapes as given."""
    size = torch.cat([value.abs().flatten() for value in values])
    chosen = torch.zeros_like(size)
    chosen[size.topk(max(1, round(share * len(size)))).indices] = 1
    parts = chosen.split([value.numel() for value in values])
    return [part.view_as(value) for part, value in zip(parts, values, strict=True)]
