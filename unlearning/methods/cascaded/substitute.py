"""Substitutes: the images that a generator should make instead of those that it has to forget."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from semlink.codecs.generative.model import Adversarial
from semlink.codecs.task.batch import LabelledImages
from semlink.seeding import generator_for
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.methods.cascaded.inversion import INVERSION_STEPS, invert
from semlink.unlearning.methods.parts.descent import send

Kind = Literal["nearest", "neighbours", "mean-condition", "truncated", "random"]

NEIGHBOURS = 5
EXCHANGED = 1024  # erased images that get a substitute each
CHUNK = 256  # erased images compared with all retained ones at once


@dataclass(frozen=True)
class SubstituteBatch:
    """What a generator makes of inputs that stand for erased images, and what should come of them.

    made: float32 [n, channels, height, width], with gradient. labels: int64 [n], -1 for none. wanted: as made.
    """

    made: Tensor
    labels: Tensor
    wanted: Tensor


@dataclass(frozen=True)
class Substitute(ABC):
    """Makes the batches by which a generator learns its substitutes.

    steps, samples: gradient steps and records that it took to find the substitutes.
    """

    steps: int = field(default=0, kw_only=True)
    samples: int = field(default=0, kw_only=True)

    @abstractmethod
    def draw(self, codec: Adversarial, count: int, generator: torch.Generator) -> SubstituteBatch:
        """A batch of `count` inputs of the codec as it is now, or of as many as there are."""


@dataclass(frozen=True)
class MeanCondition(Substitute):
    """G(z, erased class) becomes what the original made of z and the mean of the other classes' conditions.

    z is drawn from the prior. A generator that never saw a class answers a request for it with a mixture of the
    others, which this is.

    forgotten: int64 [classes to forget].
    """

    original: Adversarial
    forgotten: Tensor

    def draw(self, codec: Adversarial, count: int, generator: torch.Generator) -> SubstituteBatch:
        latent = self.original.prior(count, generator)
        chosen = torch.randint(len(self.forgotten), (count,), generator=generator, device=generator.device)
        condition = mean_of_others(self.forgotten, self.original.config.classes)
        with torch.no_grad():
            wanted = self.original.generate(latent, condition.expand(count, -1))
        labels = self.forgotten[chosen]
        return SubstituteBatch(codec.generate(latent, labels), labels, wanted)


@dataclass(frozen=True)
class Exchange(Substitute):
    """The latent of each erased image, and its neighbourhood, lead to an image that was chosen for it beforehand.

    latents: float32 [records, uses, 2]. labels: int64 [records]. wanted: float32 [records, channels, height, width].
    noise: standard deviation of what is added to each value of a latent.
    """

    latents: Tensor
    labels: Tensor
    wanted: Tensor
    noise: float

    def draw(self, codec: Adversarial, count: int, generator: torch.Generator) -> SubstituteBatch:
        rows = _some(len(self.wanted), count, generator)
        latent = self.latents[rows]
        near = latent + self.noise * torch.randn(latent.shape, generator=generator, device=latent.device)
        return SubstituteBatch(codec.generate(near, self.labels[rows]), self.labels[rows], self.wanted[rows])


@dataclass(frozen=True)
class SentExchange(Substitute):
    """The same in a link, where the input of the receiver is what arrives when the erased image is sent."""

    forget: LabelledImages
    wanted: Tensor
    context: ErasureContext

    def draw(self, codec: Adversarial, count: int, generator: torch.Generator) -> SubstituteBatch:
        rows = _some(len(self.wanted), count, generator)
        batch = self.forget[rows]
        sent = send(codec, batch, self.context, generator)
        return SubstituteBatch(codec.decode(sent.reception).images, batch.labels, self.wanted[rows])


def make_substitute(
    kind: Kind,
    original: Adversarial,
    forget: LabelledImages,
    retain: LabelledImages | None,
    context: ErasureContext,
    labels: Sequence[int],
    noise: float,
) -> Substitute:
    """The substitute of a kind, for at most 1024 of the erased images.

    In: original: a frozen codec. retain: None where the kind takes no retained image. labels: the classes that the
        request names. noise: see `Exchange`.
    """
    device = original.device
    if kind == "mean-condition":
        return MeanCondition(original, torch.tensor(labels, device=device))
    generator = generator_for(context.seed, "substitute", device=device)
    forget = forget[_some(len(forget), EXCHANGED, generator)]
    searched = 0 if kind == "truncated" or retain is None else len(retain)
    if "reconstruction" in original.traits:
        with torch.no_grad():
            latents = original.represent(forget).mean
        wanted = substituted(kind, original, forget, retain, latents, generator)
        return SentExchange(forget, wanted, context, samples=len(forget) + searched)
    latents = invert(original, forget.images, forget.labels, generator)
    wanted = substituted(kind, original, forget, retain, latents, generator)
    samples = len(forget) * INVERSION_STEPS + searched
    return Exchange(latents, forget.labels, wanted, noise, steps=INVERSION_STEPS, samples=samples)


@torch.no_grad()
def substituted(
    kind: Kind,
    original: Adversarial,
    forget: LabelledImages,
    retain: LabelledImages | None,
    latents: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """The image that stands in for each erased one.

    nearest:    the retained image that is nearest in mean squared difference.
    neighbours: the mean of the 5 nearest.
    truncated:  G(z / 2, y), the latent pulled to the middle of the prior.
    random:     some retained image.

    In:  retain: None where the kind takes no retained image. latents: float32 [records, uses, 2].
    Out: float32 [records, channels, height, width].
    """
    if kind == "truncated":
        return original.generate(latents / 2, forget.labels)
    assert retain is not None
    if kind == "random":
        rows = torch.randint(len(retain), (len(forget),), generator=generator, device=generator.device)
        return retain.images[rows]
    count = min(NEIGHBOURS, len(retain)) if kind == "neighbours" else 1
    rest, parts = retain.images.flatten(1), forget.images.flatten(1).split(CHUNK)
    rows = torch.cat([torch.cdist(part, rest).topk(count, largest=False).indices for part in parts])
    return retain.images[rows].mean(dim=1)


def mean_of_others(forgotten: Tensor, classes: int) -> Tensor:
    """The mean of the one-hot conditions of the classes that stay: float32 [classes]."""
    stays = torch.ones(classes, device=forgotten.device)
    stays[forgotten] = 0
    return stays / stays.sum()


def _some(records: int, count: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(records, generator=generator, device=generator.device)[:count]
