"""UNSIR: noise that is all wrong for a class overwrites it, and retained records repair the rest."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.seeding import generator_for
from semlink.unlearning.contract import Erasure, ErasureContext, Method, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import descend, sent_loss
from semlink.unlearning.methods.parts.retain_objective import retain_objective, retain_plan

NOISE_RATE = 0.1


@dataclass(frozen=True)
class Unsir(Method):
    """Learns noise images, impairs with them, and repairs.

    noise:  maximises the cross-entropy with its class, less decay * mean square, from N(0, 1), for `noise_steps` steps
            of Adam.
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

    name: ClassVar[str] = "unsir"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")
    needs: ClassVar[frozenset[Trait]] = frozenset({"classes"})

    def __post_init__(self) -> None:
        positive = ("noise_steps", "impair", "repair", "impair_rate", "repair_rate")
        check_numbers(self, positive, not_negative=("decay",))

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        erased, context = erasure.erased, erasure.context
        forget, retain = erasure.batches("forget"), erasure.batches("retain")
        noise = self._noise(erasure.original, forget[0], context)
        erasure.steps += self.noise_steps

        def repair_loss(step: int, generator: torch.Generator) -> Tensor:
            return retain_objective(erased, retain[step], context, generator)

        def impair_loss(step: int, generator: torch.Generator) -> Tensor:
            return sent_loss(erased, noise, context, generator) + repair_loss(step, generator)

        rate = context.training.learning_rate
        impair = retain_plan(self.impair, self.impair_rate or rate, "both", context)
        repair = retain_plan(self.repair, self.repair_rate or rate / 2, "both", context)
        erasure.notes["noise_steps"] = self.noise_steps
        erasure.notes["impair_steps"] = descend(erasure, impair_loss, impair, "unsir impair")
        erasure.notes["repair_steps"] = descend(erasure, repair_loss, repair, "unsir repair")
        return erased

    def _noise(self, original: NeuralCodec[Any], batch: Any, context: ErasureContext) -> Any:
        """A batch of noise with the labels of this one."""
        generator = generator_for(context.seed, "unsir noise", device=original.device)
        images = torch.randn(batch.images.shape, generator=generator, device=original.device).requires_grad_()
        optimiser = torch.optim.Adam([images], lr=NOISE_RATE)
        for _ in range(self.noise_steps):
            loss = sent_loss(original, replace(batch, images=images), context, generator)
            optimiser.zero_grad()
            (self.decay * images.square().mean() - loss).backward()
            optimiser.step()
        return replace(batch, images=images.detach())
