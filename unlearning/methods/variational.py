"""Variational Bayesian unlearning: the belief about the weights, with the erased records taken out again."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from semlink.codecs.contract import NeuralCodec
from semlink.unlearning.contract import Context, ErasedCodec, Method, Partition, Reads
from semlink.unlearning.methods.checks import check_numbers, check_records
from semlink.unlearning.methods.descent import Descent, End, descend, end_parameters, paired, send, working_copies
from semlink.unlearning.methods.scaled_fisher import scaled_fisher


@dataclass(frozen=True)
class Variational(Method):
    """Finds the Gaussian of the weights that explains the erased records least and leaves the old one least.

    minimise  E_q[log p_adj(D_e | w)] + KL(q || q_0),  q = N(m, S), q_0 = N(w_0, S)

    This is the evidence upper bound, whose minimum over all q is the posterior given the retain set. Our reading for codecs:
    w_0:    the trained weights, for which a Laplace approximation gives S_ii = 1 / (n likelihood (F_i + damping * mean F)),
            F the diagonal Fisher information of rec / unit (see `scaled_fisher`), n the number of training records.
    log p:  -likelihood * rec / unit for each record. Were pixels independent Gaussians, likelihood would be half their number;
            they are not.
    KL:     sum_i (m_i - w_0,i)^2 / (2 S_ii), since S stays.
    p_adj:  the likelihood counts only where q_0 is not low, or else a q that q_0 knows nothing of would be explained by it.
            In many dimensions every draw has a low density; counted are draws with mean_i (w_i - w_0,i)^2 / S_ii of at
            most `radius`, where draws of q_0 itself have 1.
    What is given back is the mean m. One draw of w for each step.

    Fields: likelihood: see above (10). radius: (2). damping: (0.1). steps: (100). rate: Adam's, with cosine
            decay to 0 (1e-4). batch: forget records a step (32). clip: largest gradient norm (1).
            records: that F is taken from (500). end: of the link that learns ("both").
    Reads:  forget set, retain set (for F).   Errors: ErasureError when a set is empty, or the codec is damaged beyond numbers.
    Source: Nguyen, Low and Jaillet, Variational Bayesian unlearning, NeurIPS 2020, with sparse Gaussian processes and
            logistic regression. Differs: the reading above; not the baseline VBU of SCU, which drops the KL term.
    """

    likelihood: float = 10.0
    radius: float = 2.0
    damping: float = 0.1
    steps: int = 100
    rate: float = 1e-4
    batch: int = 32
    clip: float = 1.0
    records: int = 500
    end: End = "both"

    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")

    def __post_init__(self) -> None:
        numbers = ("likelihood", "radius", "damping", "steps", "rate", "batch", "clip", "records")
        check_numbers(self, positive=numbers)

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: Context) -> ErasedCodec:
        check_records(partition, self.reads)
        began = time.monotonic()
        original, erased = working_copies(codec)
        everything = [*partition.forget, *partition.retain]
        fisher = scaled_fisher(erased, everything, self.records, context, "variational")
        forget, _ = paired(erased, partition, self.batch, context.seed)
        wanted = {id(parameter) for parameter in end_parameters(erased, self.end)}
        learning = {name: one for name, one in erased.named_parameters() if id(one) in wanted}
        start = {name: original.get_parameter(name) for name in learning}
        precision = {name: len(everything) * self.likelihood * fisher.damped(name, self.damping) for name in learning}
        size = sum(one.numel() for one in learning.values())
        sent, counted = _Loss(erased, context), 0

        def loss(step: int, generator: torch.Generator) -> Tensor:
            nonlocal counted
            draws, apart = {}, torch.zeros((), device=codec.device)
            for name, mean in learning.items():
                noise = torch.randn(mean.shape, generator=generator, device=mean.device)
                draws[name] = mean + noise / precision[name].sqrt()
                apart += ((draws[name] - start[name]).square() * precision[name]).sum().detach()
            shifts = ((mean - start[name]).square() * precision[name] for name, mean in learning.items())
            divergence = torch.stack([one.sum() for one in shifts]).sum() / 2
            bound = divergence / len(partition.forget)
            if apart / size <= self.radius:
                counted += 1
                weights = {f"codec.{name}": value for name, value in draws.items()}
                rec = functional_call(sent, weights, (forget[step], generator))
                bound = bound - self.likelihood * rec / fisher.unit
            return bound

        plan = Descent(self.steps, self.rate, clip=self.clip, end=self.end)
        done = descend(erased, loss, plan, context, "variational")
        notes: dict[str, float | str] = {
            "counted_draws": counted / done,
            "steps_are": f"{fisher.passes} of them for importances",
        }
        samples = forget.size * done + fisher.passes
        return ErasedCodec(erased, self.reads, time.monotonic() - began, done + fisher.passes, samples, notes)


class _Loss(nn.Module):
    """Mean loss of a batch, as a module, so that it can be called with other weights."""

    def __init__(self, codec: NeuralCodec[Any], context: Context) -> None:
        super().__init__()
        self.codec, self.context = codec, context

    def forward(self, batch: Any, generator: torch.Generator) -> Tensor:
        return self.codec.loss(batch, send(self.codec, batch, self.context, generator).reception).mean()
