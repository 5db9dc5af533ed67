"""Training of a codec on the retain set, as the original was trained."""

from typing import Any

from semlink.codecs.neural_codec import NeuralCodec
from semlink.simulator.training import TrainingOutcome, train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import Erasure


def train_on_retain_set(erasure: Erasure, codec: NeuralCodec[Any], settings: TrainingSettings) -> TrainingOutcome:
    """Trains `codec` in place and counts steps, records and the time of a stopped training.

    The channel, the seed, the checkpoint and the transform are those of the erasure. Errors: those of `train`.
    """
    partition, context = erasure.partition, erasure.context
    outcome = train(
        codec,
        partition.retain,
        partition.validation,
        context.channel,
        settings,
        context.seed,
        context.label,
        context.checkpoint,
        context.transform,
    )
    erasure.steps += settings.steps
    erasure.samples += settings.steps * min(settings.batch, len(partition.retain))
    erasure.earlier_seconds += outcome.earlier_seconds
    return outcome
