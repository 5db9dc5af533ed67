"""Gradient ascent on the forget set: the plainest way to forget, and a warning."""

import copy
import time
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from semlink.codecs.contract import NeuralCodec
from semlink.errors import ErasureError
from semlink.progress import Progress
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.simulator.link import draw_snr, transmit
from semlink.unlearning.contract import Context, ErasedCodec, Method, Partition, Reads
from semlink.unlearning.methods.checks import check_numbers, check_records


@dataclass(frozen=True)
class GradientAscent(Method):
    """Raises the loss on the forget set, and looks at nothing else.

    loss = -mean rec(x_e)

    It has no lower bound: every further step damages the codec further, on all data. `steps` and `rate` are therefore
    part of the method and not a budget.

    Fields: steps: Adam steps (20). rate: learning rate, constant (1e-4). batch: records a step (64). clip: largest
            gradient norm (1).
    Reads:  forget set.   Errors: ErasureError when it is empty, or the codec is damaged beyond numbers.
    Source: NegGrad of the unlearning literature; 20 steps at 1e-4 removed a trigger and 6 dB from MNIST codecs.
    """

    steps: int = 20
    rate: float = 1e-4
    batch: int = 64
    clip: float = 1.0

    reads: ClassVar[tuple[Reads, ...]] = ("forget",)

    def __post_init__(self) -> None:
        check_numbers(self, positive=("steps", "rate", "batch", "clip"))

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: Context) -> ErasedCodec:
        check_records(partition, self.reads)
        began = time.monotonic()
        erased = copy.deepcopy(codec).eval()  # without dropout: the forgetting force needs no noise of its own
        batches = Batches(erased, partition.forget, self.batch, context.seed, "forget", codec.device)
        optimiser = torch.optim.Adam(erased.parameters(), lr=self.rate)
        with Progress(context.label, self.steps) as progress:
            for step in range(self.steps):
                generator = generator_for(context.seed, "gradient ascent", step, device=codec.device)
                batch = batches[step]
                snr_db = draw_snr(context.training.snr_db, len(batch), generator)
                reception = transmit(erased, context.channel, batch, snr_db, generator).reception
                loss = -erased.loss(batch, reception).mean()
                if not loss.isfinite():
                    raise ErasureError(f"Gradient ascent diverged at step {step + 1}; lower its rate or its steps.")
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(erased.parameters(), self.clip)
                optimiser.step()
                progress.step(f"loss on the forget set {-loss.item():.4f}")
        return ErasedCodec(erased, self.reads, time.monotonic() - began, self.steps, self.steps * batches.size)
