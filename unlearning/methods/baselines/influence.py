"""Influence: one step that would undo what the erased records contributed, were the loss quadratic."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from semlink.codecs.contract import NeuralCodec
from semlink.errors import ErasureError, WrongField
from semlink.simulator.sources.subset import subset
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import CountedBatches, Erasure, Method, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import End, end_parameters
from semlink.unlearning.methods.parts.epoch_gradients import epoch_gradients
from semlink.unlearning.methods.parts.scaled_fisher import TINY

CURVATURES = ("diagonal", "woodfisher")


@dataclass(frozen=True)
class Influence(Method):
    """Moves the weights once, up the mean loss of the erased records, by the inverse of the curvature on the retained.

    w = w + strength * n_e / n_r * (F + lambda I)^-1 g_e,  lambda = damping * mean of the diagonal of F

    g_e: gradient of the mean of rec / unit over the forget set. F: empirical Fisher information of rec / unit from
    single records of the retain set, which stands for the Hessian; unit: mean rec of those records. curvature says what
    of F is inverted: its diagonal, or all of it ("woodfisher"), which has no more rank than there are records and is
    inverted exactly through their inner products (Woodbury's identity). That keeps a gradient of each in memory.

    Were pixels independent Gaussians, -log p would be half their number times rec / unit, and the right strength 1 over
    that, 0.0026 for MNIST. That is beyond where the loss is quadratic: 3e-3 took 4 dB of erased and 3 dB of other
    images there.

    Fields: strength: factor of the step (1e-3). damping: see above (1). curvature: ("woodfisher").
            records: of the retain set that F is taken from (256). batch: forget records a pass (64).
            end: of the link that changes ("both").
    Reads:  forget set, retain set.   Errors: ErasureError when a set is empty, or the step leaves the range of numbers.
    Source: Koh and Liang, Understanding black-box predictions via influence functions, 2017; Singh and Alistarh,
            WoodFisher, 2020; as the baseline IU of SalUn, ICLR 2024, with a factor of 0.2 to be tuned.
            Differs: the loss is scaled; one inverse of the whole matrix instead of a recursion.
    """

    strength: float = 1e-3
    damping: float = 1.0
    curvature: Literal["diagonal", "woodfisher"] = "woodfisher"
    records: int = 256
    batch: int = 64
    end: End = "both"

    name: ClassVar[str] = "influence"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("strength", "damping", "records", "batch"))
        if self.curvature not in CURVATURES:
            raise WrongField(
                f"influence cannot take curvature={self.curvature}; choose one of: {', '.join(CURVATURES)}."
            )

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        erased, partition, context = erasure.erased, erasure.partition, erasure.context
        forget = erasure.batches("forget", self.batch)
        retain = CountedBatches(erasure, subset(partition.retain, self.records, context.seed), 1, "retain")
        unit = max(TINY, mean_loss(erased, retain.all, context.channel, context.training.snr_db, context.seed))
        parameters = end_parameters(erased, self.end)
        kept = _gradients(erasure, parameters, retain, "influence retain") / unit
        wanted = _gradients(erasure, parameters, forget, "influence forget").mean(dim=0) / unit
        damping = max(TINY, self.damping * kept.square().mean().item())
        step = (diagonal_step if self.curvature == "diagonal" else woodbury_step)(kept, wanted, damping)
        step *= self.strength * len(partition.forget) / len(partition.retain)
        if not step.isfinite().all():
            raise ErasureError("influence met a gradient that is no number; raise its damping.")
        with torch.no_grad():
            vector_to_parameters(parameters_to_vector(parameters) + step, parameters)
        erasure.notes |= {
            "rms_change": step.square().mean().sqrt().item(),
            "steps_are": "backward passes of gradients",
        }
        return erased


def diagonal_step(gradients: Tensor, wanted: Tensor, damping: float) -> Tensor:
    """(diag(G^T G / m) + damping I)^-1 wanted, G = `gradients` [m, weights]: [weights]."""
    return wanted / (gradients.square().mean(dim=0) + damping)


def woodbury_step(gradients: Tensor, wanted: Tensor, damping: float) -> Tensor:
    """(G^T G / m + damping I)^-1 wanted = (wanted - G^T (m damping I + G G^T)^-1 G wanted) / damping: [weights]."""
    inner = (gradients @ gradients.T).double()
    inner += len(gradients) * damping * torch.eye(len(gradients), dtype=inner.dtype, device=inner.device)
    share = torch.linalg.solve(inner, (gradients @ wanted).double()).to(wanted.dtype)
    step: Tensor = (wanted - gradients.T @ share) / damping
    return step


def _gradients(erasure: Erasure, parameters: list[nn.Parameter], batches: CountedBatches, key: str) -> Tensor:
    """The gradient of the mean loss of each batch of an epoch: [batches, weights]. Each counts as a step."""
    rows = [
        torch.cat([gradient.flatten() for gradient in gradients])
        for gradients in epoch_gradients(erasure.erased, parameters, batches, erasure.context, key)
    ]
    erasure.steps += len(rows)
    return torch.stack(rows)
