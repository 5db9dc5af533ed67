"""Fisher forgetting: noise on the weights, most of it where the retain set would not notice."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from semlink.codecs.contract import NeuralCodec
from semlink.seeding import generator_for
from semlink.unlearning.contract import Erasure, Method, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import End, end_parameters
from semlink.unlearning.methods.parts.scaled_fisher import scaled_fisher


@dataclass(frozen=True)
class FisherForgetting(Method):
    """Adds Gaussian noise to each weight, with a variance that is inverse to its importance for the retain set.

    w_i = w_i + sqrt(noise / (F_i + damping * mean F)) n_i,  n_i ~ N(0, 1)

    F: diagonal Fisher information of rec / (its mean) on the retain set (see `scaled_fisher`). Were F the curvature of
    that loss, noise would raise it by noise / 2 a weight at most. It does not ask which records weights know: on MNIST,
    erased and other images lost nearly the same, and the membership attack kept its advantage until both were beyond
    use.

    Fields: noise: alpha (1e-7). damping: see above (0.1). records: of the retain set that F is taken from (500).
            end: of the link that changes ("both").
    Reads:  retain set.   Errors: ErasureError when it is empty.
    Source: Golatkar, Achille and Soatto, Eternal sunshine of the spotless net, CVPR 2020, in the form that the code of
            SCRUB compares with, where alpha is 1e-7 to 3e-6 for cross-entropy. Differs: the loss is scaled; damping
            instead of a largest variance; no class is treated on its own.
    """

    noise: float = 1e-7
    damping: float = 0.1
    records: int = 500
    end: End = "both"

    name: ClassVar[str] = "fisher-forgetting"
    reads: ClassVar[tuple[Reads, ...]] = ("retain",)

    def __post_init__(self) -> None:
        check_numbers(self, positive=("noise", "damping", "records"))

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        erased = erasure.erased
        fisher = scaled_fisher(erasure, erasure.partition.retain, self.records, "fisher forgetting")
        learning = {id(parameter) for parameter in end_parameters(erased, self.end)}
        generator = generator_for(erasure.context.seed, "fisher forgetting noise", device=erased.device)
        squares, size = 0.0, 0
        with torch.no_grad():
            for name, parameter in erased.named_parameters():
                if id(parameter) in learning:
                    spread = (self.noise / fisher.damped(name, self.damping)).sqrt()
                    change = spread * torch.randn(parameter.shape, generator=generator, device=erased.device)
                    parameter.add_(change)
                    squares, size = squares + change.square().sum().item(), size + change.numel()
        erasure.notes |= {"rms_change": math.sqrt(squares / size), "steps_are": "backward passes of importances"}
        return erased
