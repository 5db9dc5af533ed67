"""Word shares: how much of what a codec knows of an element the erased records taught, and a bounded loss to forget it.

An element is a token, or whatever else `NeuralCodec.element_ids` names. Retraining loses only what the erased records
alone taught, so the loss of other elements has no reason to rise.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.methods.scu.forget_target import ForgetTarget, SentRecords

STEPS, RATE = 20, 3e-4
MET = 0.02
FLOOR = 1e-6  # keeps the loss finite where an element is certain


@dataclass(frozen=True)
class WordShares(ForgetTarget):
    """Elements are forgotten by the share that erased records have in them; the others go on being learned.

    shares: w of every element id, float32 [ids]; 1 where no other record holds it.
    """

    shares: Tensor
    name: ClassVar[str] = "share"

    @classmethod
    def of(cls, codec: NeuralCodec[Any], forget: Any, retain: Any, power: float) -> "WordShares":
        """In: all records of each set as batches. Errors: ErasureError when the codec's elements cannot be counted."""
        erased, kept = codec.element_ids(forget), codec.element_ids(retain)
        if erased is None or kept is None:
            raise ErasureError("force=share needs elements that can be counted, such as words; choose force=level.")
        return cls(element_shares(erased, kept, power))

    def exclusive(self) -> Tensor:
        """The ids that only erased records hold: int64 [ids]."""
        return (self.shares == 1).nonzero()[:, 0]

    def plan(self, training: TrainingSettings) -> tuple[int, float]:
        return STEPS, RATE

    def loss(self, codec: NeuralCodec[Any], lost: SentRecords, kept: SentRecords, weight: float) -> Tensor:
        return share_loss(
            codec.element_losses(lost.batch, lost.sent.reception),
            codec.element_losses(kept.batch, kept.sent.reception),
            self._weights(codec, lost),
            weight,
        )

    def met(self, codec: NeuralCodec[Any], lost: SentRecords) -> bool:
        """Whether the mean probability of the right answer, weighted by w, is at most MET."""
        losses, mask = codec.element_losses(lost.batch, lost.sent.reception)
        weights = self._weights(codec, lost) * mask
        return bool((weights * (-losses).exp()).sum() <= MET * weights.sum())

    def _weights(self, codec: NeuralCodec[Any], lost: SentRecords) -> Tensor:
        """w of each element: float32 [batch, elements], 0 where there is none."""
        ids = codec.element_ids(lost.batch)
        assert ids is not None  # or there were no shares
        return torch.where(ids < 0, 0, self.shares[ids])

    def notes(self) -> dict[str, float | str]:
        return {"renewable": float(len(self.exclusive()))}


def element_shares(forget: Tensor, retain: Tensor, power: float) -> Tensor:
    """w(id) = (count in the forget set / count in both sets) ** power.

    The power spares what is merely frequent in the forget set; an id that no other record holds keeps w = 1.

    In:  forget, retain: ids of the elements of each set, int64 [any shape], -1 where there is none.
    Out: float32 [largest id + 1]; 0 for ids of neither set.
    """
    size = 1 + int(max(forget.max(), retain.max()))
    erased, kept = (torch.bincount(ids[ids >= 0], minlength=size).double() for ids in (forget, retain))
    return (erased / (erased + kept).clamp_min(1)).pow(power).float()


def unlikelihood(losses: Tensor) -> Tensor:
    """-log(1 - p) with p = exp(-loss), the probability of the right answer.

    Its gradient with respect to the logit of that answer is p, so that it ends with the memory. Of -loss it has no end.
    """
    return -(-torch.expm1(-(losses + FLOOR))).log()


def share_loss(
    erased: tuple[Tensor, Tensor], retained: tuple[Tensor, Tensor], shares: Tensor, forget_weight: float
) -> Tensor:
    """One number: mean over the elements of both sets of (1 - w) * loss
    + forget_weight * mean over the erased elements of w * unlikelihood.

    In: erased, retained: losses float32 [batch, elements], 0 where unused, and bool mask, as of `element_losses`.
        shares: w of each erased element, float32 [batch, elements], 0 where unused.
    """
    (lost, lost_mask), (kept, kept_mask) = erased, retained
    known = (((1 - shares) * lost).sum() + kept.sum()) / (lost_mask.sum() + kept_mask.sum())
    return known + forget_weight * (shares * unlikelihood(lost)).sum() / lost_mask.sum()
