"""Batches that a frozen generator makes up, in place of retained images that nobody kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from semlink.codecs.generative.model import Adversarial
from semlink.codecs.task.batch import LabelledImages
from semlink.seeding import generator_for


@dataclass(frozen=True)
class Replay:
    """An endless sequence of generated batches: `replay[step]`, which depends on seed and step alone.

    original: a frozen codec. size: images a batch.
    classes:  those asked for, each equally often; none where the generator takes no class.
    """

    original: Adversarial
    size: int
    seed: int
    classes: Sequence[int] = ()

    @torch.no_grad()
    def __getitem__(self, step: int) -> LabelledImages:
        device = self.original.device
        generator = generator_for(self.seed, "replay", step, device=device)
        latent = self.original.prior(self.size, generator)
        if not self.classes:
            unknown = torch.full((self.size,), -1, device=device)
            return LabelledImages(self.original.generate(latent, None), unknown)
        rows = torch.randint(len(self.classes), (self.size,), generator=generator, device=device)
        labels = torch.tensor(self.classes, device=device)[rows]
        return LabelledImages(self.original.generate(latent, labels), labels)
