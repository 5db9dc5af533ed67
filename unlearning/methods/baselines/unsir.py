"""UNSIR: noise that is all wrong for a class overwrites it, and retained records repair the rest."""

import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.seeding import generator_for
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import descend, send, working_copies
from semlink.unlearning.methods.parts.retain_objective import batches_of, retain_objective, retain_plan

NOISE_RATE = 0.1


@dataclass(frozen=True)
class Unsir(Method):
    """Learns noise images, impairs with them, and repairs.

    noise:  maximises the cross-entropy with its class, less decay * mean square, from N(0, 1), for `noise_steps` steps of Adam.
    impair: steps on the noise, which keeps the label of its class, and on retained records together.
    repair: steps on retained records alone.
    Only the classes of the erased records are used, none of their images.

    Fields: noise_steps: (40). decay: (0.1). impair, repair: shares of the training steps (0.02, 0.05). impair_rate,
            repair_rate: peak learning rates (None: that of training, and half of it).
    Reads:  forget set, for its classes; retain set.   Errors: ErasureError when a set is empty, or the loss leaves the
            range of numbers.
    Source: Tarun, Chundawat, Mandal and Kankanhalli, Fast Yet Effective Machine Unlearning, 2023: SGD at 0.02 and 0.01,
            one epoch each. Differs: Adam with decay; as many noise images as a batch has.
    """

    noise_steps: int = 40
    decay: float = 0.1
    impair: float = 0.02
    repair: float = 0.05
    impair_rate: float | None = None
    repair_rate: float | None = None

    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")
    needs: ClassVar[frozenset[Trait]] = frozenset({"classes"})

    def __post_init__(self) -> None:
        positive = ("noise_steps", "impair", "repair", "impair_rate", "repair_rate")
        check_numbers(self, positive, not_negative=("decay",))

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, self.reads)
        began = time.monotonic()
        original, erased = working_copies(codec)
        forget, retain = (batches_of(erased, partition, name, context) for name in self.reads)
        noise = self._noise(original, forget[0], context)

        def impairing(step: int, generator: torch.Generator) -> Tensor:
            overwritten = erased.loss(noise, send(erased, noise, context, generator).reception).mean()
            return overwritten + repairing(step, generator)

        def repairing(step: int, generator: torch.Generator) -> Tensor:
            kept = retain[step]
            return retain_objective(erased, kept, send(erased, kept, context, generator), context, generator)

        rate = context.training.learning_rate
        first, second = self.impair_rate or rate, self.repair_rate or rate / 2
        done = descend(erased, impairing, retain_plan(self.impair, first, "both", context), context, "unsir impair")
        more = descend(erased, repairing, retain_plan(self.repair, second, "both", context), context, "unsir repair")
        notes: dict[str, float | str] = {"noise_steps": self.noise_steps, "impair_steps": done, "repair_steps": more}
        steps = self.noise_steps + done + more
        samples = forget.size + (done + more) * retain.size
        return ErasedCodec(erased, self.reads, time.monotonic() - began, steps, samples, notes)

    def _noise(self, original: NeuralCodec[Any], batch: Any, context: ErasureContext) -> Any:
        """A batch of noise with the labels of this one."""
        generator = generator_for(context.seed, "unsir noise", device=original.device)
        start = torch.randn(batch.images.shape, generator=generator, device=original.device)
        images = start.requires_grad_()
        optimiser = torch.optim.Adam([images], lr=NOISE_RATE)
        for _ in range(self.noise_steps):
            seen = replace(batch, images=images)
            wrong = original.loss(seen, send(original, seen, context, generator).reception).mean()
            optimiser.zero_grad()
            (self.decay * images.square().mean() - wrong).backward()
            optimiser.step()
        return replace(batch, images=images.detach())
