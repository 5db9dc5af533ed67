"""When a discriminator has forgotten images: it scores them as unseen ones, and has lost nothing else."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from semlink.codecs.generative.model import Adversarial
from semlink.codecs.task.batch import LabelledImages
from semlink.simulator.batches import batch_of
from semlink.simulator.sources.subset import subset
from semlink.unlearning.audits.separation import share_below
from semlink.unlearning.contract import Partition

LOOKED_AT = 512  # images of each set
ALIKE = 0.2  # p value above which scores of forgotten and of unseen images may be of one law
MOVED = 0.05  # by how much the area of retained against unseen images may have moved


@dataclass(frozen=True)
class Agreement:
    """How far the scores of forgotten images agree with those of unseen ones.

    p: of the two-sample Kolmogorov-Smirnov test of forgotten against validation images.

    area: the chance that a retained image scores above a validation image.
    """

    p: float
    area: float


class ScoreRule:
    """Looks at the same images every time and draws no random number.

    It is enough when p is above 0.2 while the area is within 0.05 of that before unlearning: a discriminator that was
    only damaged scores all images alike. With few forgotten images, or a spread that does not fit, p is a weak sign.
    """

    def __init__(self, original: Adversarial, partition: Partition, seed: int) -> None:
        self.sets = [
            batch_of(original, subset(records, LOOKED_AT, seed))
            for records in (partition.forget, partition.retain, partition.validation)
        ]
        self.samples = sum(map(len, self.sets))
        self.before = self.measure(original)

    @torch.no_grad()
    def measure(self, codec: Adversarial) -> Agreement:
        forget, retain, unseen = (_floats(codec, batch) for batch in self.sets)
        return Agreement(float(stats.ks_2samp(forget, unseen).pvalue), float(share_below(retain, unseen).mean()))

    def enough(self, agreement: Agreement) -> bool:
        return agreement.p > ALIKE and abs(agreement.area - self.before.area) <= MOVED


def _floats(codec: Adversarial, batch: LabelledImages) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = codec.scores(batch.images, batch.labels).double().cpu().numpy()
    return scores
