"""Substitutes: the images that a generator should make instead of those that it has to forget."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from semlink.seeding import generator_for
from semlink.unlearning.contract import Context
from semlink.unlearning.methods.descent import send
from semlink.unlearning.methods.inversion import INVERSION_STEPS, invert

Kind = Literal["nearest", "neighbours", "mean-condition", "truncated", "random"]

NEIGHBOURS = 5
EXCHANGED = 1024  # erased images that get a substitute each
CHUNK = 256  # erased images compared with all retained ones at once


@dataclass(frozen=True)
class Lesson:
    """Inputs of the generator that stand for what it has to forget, and the images that should come of them.

    latent: float32 [n, uses, 2]. labels: int64 [n], -1 for none. images: float32 [n, channels, height, width].
    """

    latent: Tensor
    labels: Tensor
    images: Tensor


@dataclass(frozen=True)
class Substitute(ABC):
    """Where lessons come from. steps, samples: gradient steps and records that finding them took."""

    steps: int = field(default=0, kw_only=True)
    samples: int = field(default=0, kw_only=True)

    @abstractmethod
    def draw(self, count: int, generator: torch.Generator) -> Lesson:
        """So many lessons, or as many as there are."""


@dataclass(frozen=True)
class MeanCondition(Substitute):
    """G(z, erased class) becomes what the original made of z and the mean of the other classes' conditions.

    z is drawn from the prior. A generator that never saw a class answers a request for it with a mixture of the
    others, which this is.

    forgotten: int64 [classes to forget].
    """

    original: Any
    forgotten: Tensor

    @torch.no_grad()
    def draw(self, count: int, generator: torch.Generator) -> Lesson:
        latent = self.original.prior(count, generator)
        chosen = torch.randint(len(self.forgotten), (count,), generator=generator, device=generator.device)
        condition = mean_of_others(self.forgotten, self.original.config.classes)
        images = self.original.generate(latent, condition.expand(count, -1))
        return Lesson(latent, self.forgotten[chosen], images)


@dataclass(frozen=True)
class Exchange(Substitute):
    """The latent of each erased image leads to an image that was chosen for it beforehand.

    latents: float32 [records, uses, 2]. labels: int64 [records]. images: float32 [records, channels, height, width].
    """

    latents: Tensor
    labels: Tensor
    images: Tensor

    def draw(self, count: int, generator: torch.Generator) -> Lesson:
        rows = _some(len(self.images), count, generator)
        return Lesson(self.latents[rows], self.labels[rows], self.images[rows])


@dataclass(frozen=True)
class SentExchange(Substitute):
    """The same in a link, where the latent is what arrives when the erased image is sent."""

    sender: Any
    context: Context
    forget: Any
    images: Tensor

    @torch.no_grad()
    def draw(self, count: int, generator: torch.Generator) -> Lesson:
        rows = _some(len(self.images), count, generator)
        batch = self.forget[rows]
        received = send(self.sender, batch, self.context, generator).reception.symbols
        return Lesson(torch.view_as_real(received), batch.labels, self.images[rows])


def make_substitute(
    kind: Kind, original: Any, forget: Any, retain: Any, context: Context, labels: Sequence[int]
) -> Substitute:
    """The substitute of a kind, for at most 1024 of the erased images.

    In: original: a frozen codec. forget, retain: batches with `images` and `labels`; retain may be None where the kind
        takes no retained image. labels: the classes that the request names.
    """
    device = original.device
    if kind == "mean-condition":
        return MeanCondition(original, torch.tensor(labels, device=device))
    generator = generator_for(context.seed, "substitute", device=device)
    forget = forget[_some(len(forget), EXCHANGED, generator)]
    searched = 0 if kind == "truncated" else len(retain)
    if "reconstruction" in original.traits:
        with torch.no_grad():
            latents = original.represent(forget).mean
        images = substituted(kind, original, forget, retain, latents, generator)
        return SentExchange(original, context, forget, images, samples=len(forget) + searched)
    latents = invert(original, forget.images, forget.labels, generator)
    images = substituted(kind, original, forget, retain, latents, generator)
    return Exchange(
        latents, forget.labels, images, steps=INVERSION_STEPS, samples=len(forget) * INVERSION_STEPS + searched
    )


@torch.no_grad()
def substituted(
    kind: Kind, original: Any, forget: Any, retain: Any, latents: Tensor, generator: torch.Generator
) -> Tensor:
    """The image that stands in for each erased one.

    nearest:    the retained image that is nearest in mean squared difference.
    neighbours: the mean of the 5 nearest.
    truncated:  G(z / 2, y), the latent pulled to the middle of the prior.
    random:     some retained image.

    In:  forget, retain: batches with `images` and `labels`. latents: float32 [records, uses, 2].
    Out: float32 [records, channels, height, width].
    """
    found: Tensor
    if kind == "truncated":
        found = original.generate(latents / 2, forget.labels)
    elif kind == "random":
        rows = torch.randint(len(retain), (len(forget),), generator=generator, device=generator.device)
        found = retain.images[rows]
    else:
        count = min(NEIGHBOURS, len(retain)) if kind == "neighbours" else 1
        rest, parts = retain.images.flatten(1), forget.images.flatten(1).split(CHUNK)
        rows = torch.cat([torch.cdist(part, rest).topk(count, largest=False).indices for part in parts])
        found = retain.images[rows].mean(dim=1)
    return found


def mean_of_others(forgotten: Tensor, classes: int) -> Tensor:
    """The mean of the one-hot conditions of the classes that stay: float32 [classes]."""
    stays = torch.ones(classes, device=forgotten.device)
    stays[forgotten] = 0
    return stays / stays.sum()


def _some(records: int, count: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(records, generator=generator, device=generator.device)[:count]
