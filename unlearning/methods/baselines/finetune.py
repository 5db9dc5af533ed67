"""Fine-tuning on the retain set: the baseline that any method has to beat at equal cost."""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from semlink.codecs.contract import NeuralCodec
from semlink.unlearning.contract import Erasure, Method, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.retraining import train_on_retain_set


@dataclass(frozen=True)
class Finetune(Method):
    """Continues training on the retain set, for a share of the training steps, and lets the memory of the rest fade.

    Warm-up and cosine decay of the learning rate as in training: with a constant rate even this costs quality. The
    last weights are kept, not the best on the validation set, which would prefer the first.

    Fields: share: of the training steps (0.1).
            rate: peak learning rate (None: that of training).
    Reads:  retain set; validation set, for the loss that it reports.   Errors: ErasureError when either is empty.
    Source: the baseline "fine-tune" of the NeurIPS 2023 machine unlearning challenge.
    """

    share: float = 0.1
    rate: float | None = None

    name: ClassVar[str] = "finetune"
    reads: ClassVar[tuple[Reads, ...]] = ("retain", "validation")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "rate"))

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        training = erasure.context.training
        steps = max(1, round(self.share * training.steps))
        settings = replace(
            training,
            steps=steps,
            validate=steps,
            warmup=math.ceil(training.warmup * steps / training.steps),
            learning_rate=training.learning_rate if self.rate is None else self.rate,
        )
        outcome = train_on_retain_set(erasure, erasure.erased, settings)
        erasure.notes["validation_loss"] = outcome.validation_loss
        return erasure.erased
