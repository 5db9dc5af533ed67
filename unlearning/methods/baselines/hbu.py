"""Hessian-based unlearning: gradient ascent with small steps where the retain set is sensitive."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from semlink.codecs.contract import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import Descent, End, descend, end_parameters, paired, send, working_copies
from semlink.unlearning.methods.parts.stop_rule import Stop, make_stop_rule


@dataclass(frozen=True)
class HessianUnlearning(Method):
    """Ascends the loss of the erased records, each weight in inverse proportion to the retained loss's curvature there.

    w_i = w_i + rate * dL_e/dw_i / (h_i + damping * mean h),  h = |mean of v (H v)|, v of random signs

    h estimates the diagonal of the Hessian of the mean retained loss at the start (Hutchinson), and stays. The force has
    no bound; it ends when a rule says that the records are forgotten, at the latest after `steps`. No retained record is
    seen after the start.

    Fields: rate: of the step (0.005; of Newton's step on one weight it would be 1). damping: see above (1).
            probes: of v, each with a batch of its own (20). steps: at most (200). batch: records a step (16).
            clip: largest norm of a step over `rate` (1). end: of the link that learns ("both").
            stop, stop_at: rule and threshold, see `make_stop_rule` ("auto"). check: steps between two looks (5).
    Reads:  forget set, retain set; validation set, where stop=level compares with it.
    Errors: ErasureError when a set is empty, the rule does not fit, or the codec is damaged beyond numbers.
    Source: the baseline HBU of SCU (Wang, Tian, Zhang and Yu, 2025), after Liu et al., The right to be forgotten in
            federated learning, INFOCOM 2022; its step is 0.005, its batch 16, and it stops at 2 % accuracy of a classifier.
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

    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")

    def __post_init__(self) -> None:
        check_numbers(self, positive=("rate", "damping", "probes", "steps", "batch", "clip", "check"))

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, ("forget", "retain"))
        began = time.monotonic()
        original, erased = working_copies(codec)
        law = context.training.snr_db
        rule = make_stop_rule(self.stop, self.stop_at, original, partition, context.channel, law, context.seed)
        forget, retain = paired(erased, partition, self.batch, context.seed)
        learning = end_parameters(erased, self.end)
        curvature = hessian_diagonal(erased, learning, retain, self.probes, context)
        mean = sum(one.sum().item() for one in curvature) / sum(one.numel() for one in curvature)
        floor = max(self.damping * mean, torch.finfo(torch.float32).tiny)
        hooks = [
            parameter.register_hook(lambda gradient, one=one: gradient / (one + floor))
            for parameter, one in zip(learning, curvature, strict=True)
        ]
        measured = [rule.measure(erased)] if rule else []

        def loss(step: int, generator: torch.Generator) -> Tensor:
            batch = forget[step]
            return -erased.loss(batch, send(erased, batch, context, generator).reception).mean()

        def look(done: int) -> tuple[str, bool]:
            if rule is None:
                return "", False
            due = done % self.check == 0 or done == self.steps
            if due:
                measured.append(rule.measure(erased))
            return f"{rule.name} {measured[-1]:.3f}", due and rule.enough(measured[-1])

        plan = Descent(self.steps, self.rate, decay=False, clip=self.clip, optimiser="sgd", momentum=0.0, end=self.end)
        done = descend(erased, loss, plan, context, "hbu", look)
        for hook in hooks:
            hook.remove()
        reads = tuple(name for name in self.reads if name != "validation" or (rule and rule.name == "level"))
        notes: dict[str, float | str] = {
            "curvature_mean": mean,
            "steps_are": f"{2 * self.probes} of them for curvature",
        }
        if rule:
            notes |= {"stop": rule.name, f"{rule.name}_before": measured[0], f"{rule.name}_after": measured[-1]}
        samples = forget.size * done + retain.size * self.probes
        return ErasedCodec(erased, reads, time.monotonic() - began, done + 2 * self.probes, samples, notes)


def hessian_diagonal(
    codec: NeuralCodec[Any], parameters: list[nn.Parameter], batches: Batches, probes: int, context: ErasureContext
) -> list[Tensor]:
    """|mean over probes of v * (H v)| for each parameter, H of the mean loss of one batch a probe.

    E[v_i (H v)_i] = H_ii for independent random signs v.   Source: Bekas, Kokiopoulou and Saad, An estimator for the
    diagonal of a matrix, 2007.
    """
    total = [torch.zeros_like(parameter) for parameter in parameters]
    with sdpa_kernel(SDPBackend.MATH):  # the others have no second derivative
        for probe in range(probes):
            batch, generator = batches[probe], generator_for(context.seed, "hessian", probe, device=codec.device)
            loss = codec.loss(batch, send(codec, batch, context, generator).reception).mean()
            first = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True, materialize_grads=True)
            signs = [
                torch.randint(2, one.shape, generator=generator, device=one.device).to(one.dtype) * 2 - 1
                for one in first
            ]
            product = torch.stack([(one * sign).sum() for one, sign in zip(first, signs, strict=True)]).sum()
            second = torch.autograd.grad(product, parameters, allow_unused=True, materialize_grads=True)
            for sum_, sign, one in zip(total, signs, second, strict=True):
                sum_ += sign * one / probes
    return [one.abs() for one in total]
