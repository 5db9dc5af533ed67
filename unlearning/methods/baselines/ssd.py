"""Selective synaptic dampening: weights that matter more for the forget set than for all data shrink."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.sources.subset import subset
from semlink.unlearning.contract import CountedBatches, Erasure, Method, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import End, end_parameters
from semlink.unlearning.methods.parts.fisher import diagonal_fisher


@dataclass(frozen=True)
class SelectiveSynapticDampening(Method):
    """Multiplies by beta_i each weight whose importance for the forget set is above alpha times that for all data.

    F_e, F: `diagonal_fisher` of the forget set and of the training set, forget set included
    w_i = beta_i w_i  where F_e,i > alpha F_i,   beta_i = min(lambda F_i / F_e,i, 1)

    Fields: alpha: how many times as important (10). dampening: lambda (1).
            records: at most of each of the two sets, chosen at random; published runs read all (4096).
            batch: records whose mean loss is differentiated at once (64).
            end: of the link that changes ("both").
    Reads:  forget set, retain set.   Errors: ErasureError when a set is empty.
    Source: Foster, Schoepf and Brintrup, Fast machine unlearning without retraining through selective synaptic
            dampening, AAAI 2024, with alpha 10 and lambda 1 on a ResNet-18 for CIFAR (50 and 0.1 for faces).
    """

    alpha: float = 10.0
    dampening: float = 1.0
    records: int = 4096
    batch: int = 64
    end: End = "both"

    name: ClassVar[str] = "ssd"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("alpha", "dampening", "records", "batch"))

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        erased, partition, context = erasure.erased, erasure.partition, erasure.context
        learning = {id(parameter) for parameter in end_parameters(erased, self.end)}
        limit = max(self.batch, self.records)
        importances = []
        for name, records in (("forget", partition.forget), ("training", [*partition.forget, *partition.retain])):
            batches = CountedBatches(erasure, subset(records, limit, context.seed), self.batch, name)
            importances.append(diagonal_fisher(erased, batches, context, f"ssd {name}"))
            erasure.steps += batches.per_epoch
        of_forget, of_training = importances
        changed, size = 0, 0
        with torch.no_grad():
            for name, parameter in erased.named_parameters():
                if id(parameter) in learning:
                    factor = damped(of_forget[name], of_training[name], self.alpha, self.dampening)
                    parameter.mul_(factor)
                    changed, size = changed + int((factor < 1).sum()), size + factor.numel()
        erasure.notes |= {"dampened_share": changed / size, "steps_are": "backward passes of importances"}
        return erased


def damped(forget: Tensor, training: Tensor, alpha: float, dampening: float) -> Tensor:
    """beta of each weight, 1 where it is not selected; importances and result of one shape."""
    return torch.where(forget > alpha * training, (dampening * training / forget).clamp_max(1), 1.0)
