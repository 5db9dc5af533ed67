"""Fake labels: the scores that a discriminator should give the images that it has to forget."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from semlink.codecs.generative.model import Adversarial
from semlink.codecs.task.batch import LabelledImages
from semlink.simulator.batches import batch_of
from semlink.simulator.sources.subset import subset
from semlink.unlearning.contract import Partition

Fake = Literal["rank", "fresh-mean", "mean", "zero"]
UNSEEN = 512  # validation images whose scores are the measure


@dataclass(frozen=True)
class FakeLabel:
    """The scores that forgotten images should get, measured on images that the discriminator never saw.

    In training real images score 1 and generated ones 0; unseen images lie between, with a spread of their own.

    rank:       the i-th lowest of n forgotten images gets the quantile (i - 1/2) / n of the present scores of unseen
                ones, so that mean and spread agree with theirs.
    fresh-mean: the mean of the present scores of unseen images.
    mean:       the mean of their scores before unlearning.
    zero:       0, the label of generated images; what is forgotten so is found by its low score.

    unseen: a batch of validation images, None for "zero". before: their mean score before unlearning.
    """

    kind: Fake
    unseen: LabelledImages | None = None
    before: float = 0.0

    def targets(self, codec: Adversarial, scores: Tensor) -> Tensor:
        """For a batch of forgotten images with these scores, those that they should get: float32 [batch]."""
        if self.unseen is None or self.kind == "mean":
            return torch.full_like(scores, self.before)
        with torch.no_grad():
            unseen = codec.scores(self.unseen.images, self.unseen.labels)
        return matched(scores, unseen) if self.kind == "rank" else unseen.mean().expand_as(scores)

    def samples(self, steps: int) -> int:
        """Records that it read in so many steps."""
        if self.unseen is None:
            return 0
        return len(self.unseen) * (1 if self.kind == "mean" else steps)


@torch.no_grad()
def make_fake_label(kind: Fake, original: Adversarial, partition: Partition, seed: int) -> FakeLabel:
    """The fake label of a kind, for a codec as it is before unlearning."""
    if kind == "zero":
        return FakeLabel(kind)
    unseen = batch_of(original, subset(partition.validation, UNSEEN, seed))
    return FakeLabel(kind, unseen, original.scores(unseen.images, unseen.labels).mean().item())


def matched(scores: Tensor, unseen: Tensor) -> Tensor:
    """Quantiles of `unseen` at the levels (rank - 1/2) / n of `scores`, float32 [n], linear between neighbours.

    In: scores: float32 [n]. unseen: float32 [m].
    """
    ranks = scores.detach().argsort(stable=True).argsort(stable=True)
    return torch.quantile(unseen, (ranks + 0.5) / len(scores))
