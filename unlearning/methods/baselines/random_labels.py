"""Random labels: the forget set is learned again with wrong targets."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import End, descend, send, working_copies
from semlink.unlearning.methods.parts.retain_objective import batches_of, retain_objective, retain_plan


@dataclass(frozen=True)
class RandomLabels(Method):
    """Teaches random targets for the forget set, drawn anew in each step, and goes on training on the retain set.

    loss = retain_objective(x_r) + lambda * mean rec(random target; x_e sent)

    The target of a class is any class, that of a word any word, and that of an image another of its batch, so that an
    image tends to the mean of the forget set.

    Fields: share: of the training steps (0.1). forget_weight: lambda (1). rate: peak learning rate (None: that of training).
            end: of the link that learns ("both").
    Reads:  forget set, retain set.   Errors: ErasureError when a set is empty, or the loss leaves the range of numbers.
    Source: Golatkar, Achille and Soatto, Eternal sunshine of the spotless net, CVPR 2020; as a baseline of Fan et al.
            (SalUn), ICLR 2024, 10 epochs. Differs: both sets in every step instead of in turn.
    """

    share: float = 0.1
    forget_weight: float = 1.0
    rate: float | None = None
    end: End = "both"

    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "forget_weight", "rate"))

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, self.reads)
        began = time.monotonic()
        _, erased = working_copies(codec)
        forget, retain = (batches_of(erased, partition, name, context) for name in self.reads)

        def loss(step: int, generator: torch.Generator) -> Tensor:
            return mistaught(erased, forget[step], retain[step], self.forget_weight, context, generator)

        done = descend(erased, loss, retain_plan(self.share, self.rate, self.end, context), context, "random labels")
        return ErasedCodec(erased, self.reads, time.monotonic() - began, done, done * (forget.size + retain.size))


def mistaught(
    codec: NeuralCodec[Any], lost: Any, kept: Any, weight: float, context: ErasureContext, generator: torch.Generator
) -> Tensor:
    """The loss of `RandomLabels` from a batch of each set: one number."""
    taught = retain_objective(codec, kept, send(codec, kept, context, generator), context, generator)
    reception = send(codec, lost, context, generator).reception
    return taught + weight * codec.loss(codec.mislabel(lost, generator), reception).mean()
