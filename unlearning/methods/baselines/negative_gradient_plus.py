"""NegGrad+: down on the retain set and up on the forget set in the same step."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.errors import WrongField
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import End, descend, send, working_copies
from semlink.unlearning.methods.parts.retain_objective import batches_of, retain_objective, retain_plan


@dataclass(frozen=True)
class NegativeGradientPlus(Method):
    """Goes on training on the retain set while it raises the loss on the forget set.

    loss = alpha * retain_objective(x_r) - (1 - alpha) * mean rec(x_e)

    The second term has no lower bound where the loss has none (cross-entropy), so that alpha and the number of steps
    belong to the method.

    Fields: share: of the training steps (0.1). alpha: weight of the retain set, between 0 and 1 (0.95).
            rate: peak learning rate (None: that of training). end: of the link that learns ("both").
    Reads:  forget set, retain set.
    Errors: ErasureError when a set is empty, or the codec is damaged beyond numbers.
    Source: Kurmanji et al., Towards unbounded machine unlearning, NeurIPS 2023, whose released code has alpha 0.95 (small
            sets; 0.9999 against membership tests) and 10 epochs at 0.01.
    """

    share: float = 0.1
    alpha: float = 0.95
    rate: float | None = None
    end: End = "both"

    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "alpha", "rate"))
        if self.alpha >= 1:
            raise WrongField(f"neggrad-plus cannot take alpha={self.alpha}; give a number between 0 and 1.")

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, self.reads)
        began = time.monotonic()
        _, erased = working_copies(codec)
        forget, retain = (batches_of(erased, partition, name, context) for name in self.reads)

        def loss(step: int, generator: torch.Generator) -> Tensor:
            lost, kept = forget[step], retain[step]
            taught = retain_objective(erased, kept, send(erased, kept, context, generator), context, generator)
            unlearnt = erased.loss(lost, send(erased, lost, context, generator).reception).mean()
            return self.alpha * taught - (1 - self.alpha) * unlearnt

        done = descend(erased, loss, retain_plan(self.share, self.rate, self.end, context), context, "neggrad-plus")
        return ErasedCodec(erased, self.reads, time.monotonic() - began, done, done * (forget.size + retain.size))
