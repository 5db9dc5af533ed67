"""Level matching: the erased records become as hard as they would be for a codec that never saw them, and no harder.

The level is read off a quick reference: a fresh codec, briefly trained on the retain set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semlink.channels.contract import Channel
from semlink.codecs.contract import NeuralCodec
from semlink.simulator.link import SnrLaw
from semlink.unlearning.audits.losses import record_losses
from semlink.unlearning.contract import Partition

POINTS = 5  # of the grid over the range of SNR; losses differ by a factor of 3 or so from end to end
DRAWS = 4  # passages of each record at each point
TINY = 1e-9  # keeps the logarithm finite where a record arrives without any loss


@dataclass(frozen=True)
class Levels:
    """The loss that each erased record should have, at each SNR.

    snr_db: float32 [points], rising. losses: float32 [records, points].
    """

    snr_db: Tensor
    losses: Tensor

    def at(self, records: Tensor, snr_db: Tensor) -> Tensor:
        """Levels of some records (int64 [batch]) at Es/N0 in dB (float32 [batch]), linear between points: [batch]."""
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


def find_levels(
    quick: NeuralCodec[Any],
    original: NeuralCodec[Any],
    partition: Partition,
    channel: Channel,
    law: SnrLaw,
    seed: int,
) -> Levels:
    """Levels of the forget set from a quick reference and the original, over the SNRs of `law`."""
    low, high = law if isinstance(law, tuple) else (law, law)
    points = np.linspace(low, high, POINTS if high > low else 1)

    def losses(codec: NeuralCodec[Any], name: str) -> NDArray[np.float64]:
        records: Sequence[Any] = getattr(partition, name)
        return np.stack([record_losses(codec, records, channel, x, DRAWS, seed, name) for x in points], axis=1)

    found = difference_in_differences(
        losses(quick, "forget"), losses(quick, "validation"), losses(original, "validation")
    )
    return Levels(*(torch.from_numpy(value).float().to(original.device) for value in (points, found)))


def level_loss(losses: Tensor, levels: Tensor) -> Tensor:
    """mean m * mean log(loss / m)^2: zero at the level, and pulls towards it from both sides.

    In: losses, levels: float32 [batch]. The factor gives it the unit and the size of a reconstruction loss.
    """
    return levels.mean() * (losses.clamp_min(TINY) / levels.clamp_min(TINY)).log().square().mean()
