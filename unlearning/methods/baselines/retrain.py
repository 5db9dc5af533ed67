"""Retraining: the reference that every other method is measured against."""

from dataclasses import dataclass
from typing import Any, ClassVar

from semlink.codecs.contract import NeuralCodec
from semlink.unlearning.contract import Erasure, Method, Reads
from semlink.unlearning.methods.parts.retraining import train_on_retain_set


@dataclass(frozen=True)
class Retrain(Method):
    """Trains a fresh codec on the retain set alone, as the original was trained.

    The trained weights never saw the forget set. The vocabulary, and sizes derived from the data, are the original's.

    Reads:  retain set; validation set, to keep the best weights.   Errors: ErasureError when either is empty.
    """

    name: ClassVar[str] = "retrain"
    reads: ClassVar[tuple[Reads, ...]] = ("retain", "validation")

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        retrained = erasure.context.fresh()
        outcome = train_on_retain_set(erasure, retrained, erasure.context.training)
        erasure.notes |= {"best_step": outcome.best_step, "validation_loss": outcome.validation_loss}
        return retrained
