"""Gradient ascent on the forget set: the plainest way to forget, and a warning."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.batches import Batches
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import Descent, End, descend, send, working_copies


@dataclass(frozen=True)
class GradientAscent(Method):
    """Raises the loss on the forget set, and looks at nothing else.

    loss = -mean rec(x_e)

    It has no lower bound: every further step damages the codec further, on all data. `steps` and `rate` are therefore
    part of the method and not a budget.

    Fields: steps: Adam steps (20). rate: learning rate, constant (1e-4). batch: records a step (64). clip: largest
            gradient norm (1). end: of the link that learns ("both").
    Reads:  forget set.   Errors: ErasureError when it is empty, or the codec is damaged beyond numbers.
    Source: NegGrad of the unlearning literature; 20 steps at 1e-4 removed a trigger and 6 dB from MNIST codecs.
    """

    steps: int = 20
    rate: float = 1e-4
    batch: int = 64
    clip: float = 1.0
    end: End = "both"

    reads: ClassVar[tuple[Reads, ...]] = ("forget",)

    def __post_init__(self) -> None:
        check_numbers(self, positive=("steps", "rate", "batch", "clip"))

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, self.reads)
        began = time.monotonic()
        _, erased = working_copies(codec)
        batches = Batches(erased, partition.forget, self.batch, context.seed, "forget", codec.device)
        plan = Descent(self.steps, self.rate, decay=False, clip=self.clip, end=self.end)

        def loss(step: int, generator: torch.Generator) -> Tensor:
            batch = batches[step]
            return -erased.loss(batch, send(erased, batch, context, generator).reception).mean()

        descend(erased, loss, plan, context, "gradient ascent")
        return ErasedCodec(erased, self.reads, time.monotonic() - began, self.steps, self.steps * batches.size)
