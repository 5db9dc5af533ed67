"""Retraining: the reference that every other method is measured against."""

from dataclasses import dataclass
from typing import Any, ClassVar

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.training import train
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_records


@dataclass(frozen=True)
class Retrain(Method):
    """Trains a fresh codec on the retain set alone, as the original was trained.

    The trained weights never saw the forget set. The vocabulary, and sizes derived from the data, are the original's.

    Reads:  retain set; validation set, to keep the best weights.   Errors: ErasureError when either is empty.
    """

    reads: ClassVar[tuple[Reads, ...]] = ("retain", "validation")

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, self.reads)
        settings = context.training
        fresh = context.fresh()
        outcome = train(
            fresh,
            partition.retain,
            partition.validation,
            context.channel,
            settings,
            context.seed,
            context.label,
            context.checkpoint,
            context.transform,
        )
        samples = settings.steps * min(settings.batch, len(partition.retain))
        notes: dict[str, float | str] = {"best_step": outcome.best_step, "validation_loss": outcome.validation_loss}
        return ErasedCodec(fresh, self.reads, outcome.seconds, settings.steps, samples, notes)
