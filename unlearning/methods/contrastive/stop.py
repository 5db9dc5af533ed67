"""When contrastive unlearning has done enough: the erased records are as strange as unseen ones."""

from dataclasses import dataclass
from typing import Any

import torch

from semlink.channels.contract import Channel
from semlink.codecs.contract import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link import draw_snr, transmit
from semlink.simulator.sources.subset import subset
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import ErasureContext, Partition, Reads

LOOKED_AT = 512  # records of each set
CHUNK = 256


@dataclass(frozen=True)
class ContrastiveStop:
    """When erased records are no better known than unseen ones.

    A codec that infers classes: accuracy on erased records at most 1 / classes (whole), or that on validation records.
    Other codecs: mean loss of erased records at least that of validation records. Both are measured at the highest
    Es/N0 of training, where memory of single records shows; at a lower one noise makes known and unseen records alike.

    forget, validation: batches; the second is None where it is not needed. whole: whether a class goes as a whole.
    """

    forget: Any
    validation: Any
    whole: bool
    channel: Channel
    snr_db: float
    seed: int

    @classmethod
    def of(
        cls, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext, whole: bool
    ) -> "ContrastiveStop":
        """The rule for a codec and a request."""
        forget = batch_of(codec, subset(partition.forget, LOOKED_AT, context.seed))
        validation = None
        if "validation" in sets_with_contrastive_stop(codec, whole):
            validation = batch_of(codec, subset(partition.validation, LOOKED_AT, context.seed))
        law = context.training.snr_db
        highest = max(law) if isinstance(law, tuple) else law
        return cls(forget, validation, whole, context.channel, highest, context.seed)

    @property
    def samples(self) -> int:
        """Records that a check reads."""
        return len(self.forget) + (0 if self.validation is None else len(self.validation))

    def check(self, codec: NeuralCodec[Any]) -> tuple[str, bool]:
        """What was measured, in words, and whether it is enough."""
        if "classes" in codec.traits:
            accuracy = self._accuracy(codec, self.forget)
            target = 1 / codec.config.classes if self.whole else self._accuracy(codec, self.validation)
            return f"accuracy {accuracy:.3f}, target {target:.3f}", accuracy <= target
        forget_loss, validation_loss = (
            mean_loss(codec, batch, self.channel, self.snr_db, self.seed) for batch in (self.forget, self.validation)
        )
        return f"loss {forget_loss:.4f}, target {validation_loss:.4f}", forget_loss >= validation_loss

    @torch.no_grad()
    def _accuracy(self, codec: NeuralCodec[Any], batch: Any) -> float:
        right = 0
        for number, rows in enumerate(torch.arange(len(batch), device=codec.device).split(CHUNK)):
            generator = generator_for(self.seed, "contrastive stop", number, device=codec.device)
            part = batch[rows]
            reception = transmit(
                codec, self.channel, part, draw_snr(self.snr_db, len(part), generator), generator
            ).reception
            right += int((codec.decode(reception).argmax(dim=1) == part.labels).sum())
        return right / len(batch)


def sets_with_contrastive_stop(codec: NeuralCodec[Any], whole: bool) -> tuple[Reads, ...]:
    """The sets that are read; a class that leaves a codec that infers classes needs no validation set."""
    return ("forget", "retain") if whole and "classes" in codec.traits else ("forget", "retain", "validation")
