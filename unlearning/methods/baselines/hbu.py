"""Hessian-based unlearning: gradient ascent with small steps where the retain set is sensitive."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.unlearning.contract import Erasure, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import (
    Descent,
    End,
    changed_gradients,
    descend,
    end_parameters,
    sent_loss,
)
from semlink.unlearning.methods.parts.hessian import hessian_diagonal
from semlink.unlearning.methods.parts.stop_rule import Stop, StopCheck, make_stop_rule, sets_with_stop


@dataclass(frozen=True)
class HessianUnlearning(Method):
    """Ascends the loss of the erased records, each weight in inverse proportion to the retained loss's curvature there.

    w_i = w_i + rate * dL_e/dw_i / (h_i + damping * mean h),  h = |mean of v (H v)|, v of random signs

    h estimates the diagonal of the Hessian of the mean retained loss at the start (Hutchinson), and stays. The ascent
    has no bound. It ends when a rule says that the records are forgotten, at the latest after `steps`. No retained
    record is read after the start.

    Fields: rate: of the step (0.005; of Newton's step on one weight it would be 1). damping: see above (1).
            probes: of v, each with a batch of its own (20). steps: at most (200). batch: records a step (16).
            clip: largest norm of a step over `rate` (1). end: of the link that learns ("both").
            stop, stop_at: rule and threshold, see `make_stop_rule` ("auto"). check: steps between two measurements (5).
    Reads:  forget set, retain set; validation set, where stop=level compares with it.
    Errors: ErasureError when a set is empty, the rule does not fit, or the codec is damaged beyond numbers.
    Source: the baseline HBU of SCU (Wang, Tian, Zhang and Yu, 2025), after Liu et al., The right to be forgotten in
            federated learning, INFOCOM 2022; its step is 0.005, its batch 16, and it stops at 2 % accuracy of a
            classifier.
            Differs: damping; no averaging over the weights of a filter; the rule.
    """

    rate: float = 0.005
    damping: float = 1.0
    probes: int = 20
    steps: int = 200
    batch: int = 16
    clip: float = 1.0
    end: End = "both"
    stop: Stop = "auto"
    stop_at: float | None = None
    check: int = 5

    name: ClassVar[str] = "hbu"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("rate", "damping", "probes", "steps", "batch", "clip", "check"))

    def sets(self, codec: NeuralCodec[Any], partition: Partition) -> tuple[Reads, ...]:
        return sets_with_stop(self.stop, partition)

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        original, erased, context = erasure.original, erasure.erased, erasure.context
        law = context.training.snr_db
        rule = make_stop_rule(self.stop, self.stop_at, original, erasure.partition, context.channel, law, context.seed)
        forget, retain = erasure.equal_batches(self.batch)
        learning = end_parameters(erased, self.end)
        curvatures = hessian_diagonal(erased, learning, retain, self.probes, context)
        erasure.steps += 2 * self.probes
        mean = sum(values.sum().item() for values in curvatures) / sum(values.numel() for values in curvatures)
        floor = max(self.damping * mean, torch.finfo(torch.float32).tiny)
        check = StopCheck(rule, erased, self.check, self.steps) if rule else None

        def loss(step: int, generator: torch.Generator) -> Tensor:
            return -sent_loss(erased, forget[step], context, generator)

        def divide_by(curvature: Tensor) -> Callable[[Tensor], Tensor]:
            return lambda gradient: gradient / (curvature + floor)

        plan = Descent(self.steps, self.rate, decay=False, clip=self.clip, optimiser="sgd", momentum=0.0, end=self.end)
        with changed_gradients(learning, [divide_by(curvature) for curvature in curvatures]):
            descend(erasure, loss, plan, "hbu", check.after_step if check else None)
        erasure.notes |= {"curvature_mean": mean, "steps_are": f"{2 * self.probes} of them for curvature"}
        if check:
            erasure.notes |= {"stop": check.rule.name, **check.notes()}
        return erased
