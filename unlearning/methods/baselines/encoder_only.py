"""Encoder-only unlearning: to the sender, an erased record becomes noise."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.codecs.task.batch import LabelledImages
from semlink.simulator.optimisation import Loss
from semlink.unlearning.contract import Erasure, ErasureContext, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent
from semlink.unlearning.methods.parts.gradient_method import GradientMethod


@dataclass(frozen=True)
class EncoderOnly(GradientMethod):
    """Teaches the sender to represent erased records as the old sender represents noise, and retained ones as before.

    loss = forget_weight * mean |E_u(x_e) - E_0(n)|^2 + mean |E_u(x_r) - E_0(x_r)|^2

    E: mean of the representation, per dimension that is used. n: for images, Gaussian noise with the mean and the
    variance of the pixels of x_r, drawn anew; for sentences, as many random words as x_e has. The receiver stays as it
    is, and so does what both ends share. It over-forgets by construction: a retrained codec still delivers what it
    never saw.

    Fields: forget_weight: (0.25: with 1, on MNIST, 9 dB of erased and 6 dB of other images were lost, and erased ones
            known as worse than unseen ones). steps: Adam steps, with cosine decay to 0 (100). rate: (1e-3). batch:
            records of each set a step (32). clip: largest gradient norm (1).
    Reads:  forget set, retain set.   Errors: ErasureError when a set is empty, or the loss leaves the range of numbers.
    Source: Li et al., Machine unlearning for image-to-image generative models, ICLR 2024.
            Differs: sentences too; noise has the moments of the batch.
    """

    forget_weight: float = 0.25
    steps: int = 100
    rate: float = 1e-3
    batch: int = 32
    clip: float = 1.0

    name: ClassVar[str] = "encoder-only"
    phase: ClassVar[str] = "encoder only"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain")
    needs: ClassVar[frozenset[Trait]] = frozenset({"reconstruction"})

    def __post_init__(self) -> None:
        check_numbers(self, positive=("forget_weight", "steps", "rate", "batch", "clip"))

    def plan(self, context: ErasureContext) -> Descent:
        return Descent(self.steps, self.rate, clip=self.clip, end="sender")

    def make_loss(self, erasure: Erasure) -> Loss:
        original, erased = erasure.original, erasure.erased
        forget, retain = erasure.equal_batches(self.batch)

        def loss(step: int, generator: torch.Generator) -> Tensor:
            lost, kept = forget[step], retain[step]
            noise = noise_like(original, lost, kept, generator)
            forgetting = _squared_distance(erased, lost, original, noise)
            return self.forget_weight * forgetting + _squared_distance(erased, kept, original, kept)

        return loss


def noise_like(codec: NeuralCodec[Any], lost: Any, kept: Any, generator: torch.Generator) -> Any:
    """A batch of the form of `lost` that means nothing: noise with the moments of `kept`, or random words."""
    if codec.modality == "text":
        return codec.mislabel(lost, generator)
    if isinstance(lost, LabelledImages):
        return replace(lost, images=noise_like(codec, lost.images, kept.images, generator))
    noise = torch.randn(lost.shape, generator=generator, device=lost.device)
    return kept.mean() + kept.std() * noise


def _squared_distance(codec: NeuralCodec[Any], batch: Any, original: NeuralCodec[Any], target: Any) -> Tensor:
    """Mean squared distance of a codec's representation of one batch to the original's of another."""
    posterior = codec.represent(batch)
    with torch.no_grad():
        mean = original.represent(target).mean
    used = posterior.mask.unsqueeze(-1)
    return ((posterior.mean - mean).square() * used).sum() / (used.sum() * mean.shape[-1])
