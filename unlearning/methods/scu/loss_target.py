"""The loss target: the erased records get the loss that they would have in a codec that never saw them, and no more.

It is estimated from a quick reference: a fresh codec, briefly trained on the retain set.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semlink.codecs.neural_codec import NeuralCodec
from semlink.seeding import seed_for
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.audits.losses import record_losses
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.scu.forget_target import ForgetTarget, SentRecords

STEPS = 0.125  # of those of training
POINTS = 5  # of the grid over the range of SNR; losses differ by a factor of 3 or so from end to end
DRAWS = 4  # transmissions of each record at each point
TINY = 1e-9  # keeps the logarithm finite where a record arrives without any loss


@dataclass(frozen=True)
class LossTarget(ForgetTarget):
    """The loss that each erased record should have, at each SNR.

    snr_db: float32 [points], rising. losses: float32 [records, points]. quick_steps: of the quick reference.
    """

    snr_db: Tensor
    losses: Tensor
    quick_steps: int = 0
    samples: int = 0
    name: ClassVar[str] = "level"

    def plan(self, training: TrainingSettings) -> tuple[int, float]:
        return math.ceil(STEPS * training.steps), training.learning_rate

    def loss(self, codec: NeuralCodec[Any], lost: SentRecords, kept: SentRecords, weight: float) -> Tensor:
        losses, targets = codec.loss(lost.batch, lost.sent.reception), self.at(lost.rows, lost.snr_db)
        return codec.loss(kept.batch, kept.sent.reception).mean() + weight * distance_to_target(losses, targets)

    def notes(self) -> dict[str, float | str]:
        return {"quick_steps": self.quick_steps, "mean_level": self.losses.mean().item()}

    def at(self, records: Tensor, snr_db: Tensor) -> Tensor:
        """Targets of some records (int64 [batch]) at Es/N0 in dB (float32 [batch]), linear between points: [batch]."""
        if len(self.snr_db) == 1:
            return self.losses[records, 0]
        right = torch.searchsorted(self.snr_db, snr_db.contiguous()).clamp(1, len(self.snr_db) - 1)
        low, high = self.snr_db[right - 1], self.snr_db[right]
        share = ((snr_db - low) / (high - low)).clamp(0, 1)
        return torch.lerp(self.losses[records, right - 1], self.losses[records, right], share)


def difference_in_differences(
    erased: NDArray[np.float64], unseen: NDArray[np.float64], original_unseen: NDArray[np.float64]
) -> NDArray[np.float64]:
    """m_i = q_i * e_0 / e_q: what a fully trained codec would lose on records that it never saw.

    The quick reference is worse than a trained codec on everything; its ratio to the original on records that neither
    was trained on says by how much.

    In: erased: q_i, losses of the quick reference on the erased records [records, points]. unseen, original_unseen:
        losses of the quick reference and of the original on validation records [records, points].
    """
    ratio: NDArray[np.float64] = original_unseen.mean(axis=0) / unseen.mean(axis=0)
    return erased * ratio


def quick_loss_target(
    original: NeuralCodec[Any], partition: Partition, context: ErasureContext, share: float, scale: float
) -> LossTarget:
    """Trains a quick reference on the retain set, for a `share` of the steps of training, and makes the target from it.

    In: scale: factor of the losses.
    """
    training = context.training
    steps = max(1, round(share * training.steps))
    settings = replace(training, steps=steps, validate=steps, warmup=math.ceil(training.warmup * share))
    quick, seed = context.fresh(), seed_for(context.seed, "quick reference")
    train(
        quick,
        partition.retain,
        partition.validation,
        context.channel,
        settings,
        seed,
        f"{context.label} level",
        transform=context.transform,
    )
    target = loss_target(quick, original, partition, context)
    samples = steps * min(settings.batch, len(partition.retain))
    return replace(target, losses=scale * target.losses, quick_steps=steps, samples=samples)


def loss_target(
    quick: NeuralCodec[Any], original: NeuralCodec[Any], partition: Partition, context: ErasureContext
) -> LossTarget:
    """The target of the forget set from a quick reference and the original, over the SNRs of training."""
    law = context.training.snr_db
    low, high = law if isinstance(law, tuple) else (law, law)
    points = np.linspace(low, high, POINTS if high > low else 1)

    def losses(codec: NeuralCodec[Any], name: str) -> NDArray[np.float64]:
        records: Sequence[Any] = getattr(partition, name)
        columns = [record_losses(codec, records, context.channel, x, DRAWS, context.seed, name) for x in points]
        return np.stack(columns, axis=1)

    targets = difference_in_differences(
        losses(quick, "forget"), losses(quick, "validation"), losses(original, "validation")
    )
    snr_db, values = (torch.from_numpy(array).float().to(original.device) for array in (points, targets))
    return LossTarget(snr_db, values)


def distance_to_target(losses: Tensor, targets: Tensor) -> Tensor:
    """mean m * mean log(loss / m)^2: zero at the target m, and pulls towards it from both sides.

    In: losses, targets: float32 [batch]. The factor gives it the unit and the size of a reconstruction loss.
    """
    return targets.mean() * (losses.clamp_min(TINY) / targets.clamp_min(TINY)).log().square().mean()
