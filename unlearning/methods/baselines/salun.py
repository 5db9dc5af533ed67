"""SalUn: random labels, learned only by the weights that matter for the forget set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from semlink.codecs.contract import NeuralCodec
from semlink.errors import WrongField
from semlink.unlearning.contract import Erasure, Method, Reads
from semlink.unlearning.methods.baselines.random_labels import random_label_loss
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import End, changed_gradients, descend, end_parameters
from semlink.unlearning.methods.parts.epoch_gradients import epoch_gradients
from semlink.unlearning.methods.parts.retain_objective import retain_plan


@dataclass(frozen=True)
class Salun(Method):
    """`RandomLabels` with a mask over the weights, chosen before the first step.

    m_i = 1 for the `salient` share of the weights with the largest |sum over batches of d/dw_i mean rec(x_e)|, else 0;
    every gradient is multiplied by m.

    Fields: share: of the training steps (0.1). salient: share of the weights that change (0.5).
            forget_weight: lambda of the random targets (1). rate: peak learning rate (None: that of training).
            end: of the link that learns ("both").
    Reads:  forget set, retain set.   Errors: ErasureError when a set is empty, or the loss leaves the range of numbers.
    Source: Fan et al., SalUn: empowering machine unlearning via gradient-based weight saliency, ICLR 2024, with half of
            the weights of a ResNet-18, 10 epochs of SGD at 0.013.
            Differs: both sets in every step instead of in turn; Adam, to which a masked gradient is no step.
    """

    share: float = 0.1
    salient: float = 0.5
    forget_weight: float = 1.0
    rate: float | None = None
    end: End = "both"

    name: ClassVar[str] = "salun"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("share", "salient", "forget_weight", "rate"))
        if self.salient > 1:
            raise WrongField(f"salun cannot take salient={self.salient}; give a share above 0, at most 1.")

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        erased, context = erasure.erased, erasure.context
        learning = end_parameters(erased, self.end)
        masks = salient(summed_gradients(erasure, learning), self.salient)
        loss, plan = (
            random_label_loss(erasure, self.forget_weight),
            retain_plan(self.share, self.rate, self.end, context),
        )
        with changed_gradients(learning, [mask.mul for mask in masks]):
            descend(erasure, loss, plan, "salun")
        erasure.notes["salient_weights"] = float(sum(int(mask.sum()) for mask in masks))
        return erased


def summed_gradients(erasure: Erasure, parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """Sum of the gradients of the batches of one epoch over the forget set, for each parameter; one step a batch."""
    forget = erasure.batches("forget")
    totals = [torch.zeros_like(parameter) for parameter in parameters]
    for gradients in epoch_gradients(erasure.erased, parameters, forget, erasure.context, "saliency"):
        for total, gradient in zip(totals, gradients, strict=True):
            total += gradient
    erasure.steps += forget.per_epoch
    return totals


def salient(values: Sequence[Tensor], share: float) -> list[Tensor]:
    """1 where |value| is among the largest `share` of all tensors together, at least one, else 0; shapes as given."""
    size = torch.cat([value.abs().flatten() for value in values])
    chosen = torch.zeros_like(size)
    chosen[size.topk(max(1, round(share * len(size)))).indices] = 1
    parts = chosen.split([value.numel() for value in values])
    return [part.view_as(value) for part, value in zip(parts, values, strict=True)]
