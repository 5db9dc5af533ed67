"""Batches that a frozen generator makes up, in place of retained images that nobody kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from semlink.codecs.task.batch import LabelledImages
from semlink.seeding import generator_for


@dataclass(frozen=True)
class Replay:
    """An endless sequence of generated batches: `replay[step]`, which depends on seed and step alone.

    original: a frozen codec. size: images a batch.
    classes:  those asked for, each equally often; none where the generator takes no class.
    """

    original: Any
    size: int
    seed: int
    classes: Sequence[int] = ()

    @torch.no_grad()
    def __getitem__(self, step: int) -> LabelledImages:
        device = self.original.device
        generator = generator_for(self.seed, "replay", step, device=device)
        latent = self.original.prior(self.size, generator)
        labels = torch.full((self.size,), -1, device=device)
        if self.classes:
            known = torch.tensor(self.classes, device=device)
            labels = known[torch.randint(len(known), (self.size,), generator=generator, device=device)]
        images = self.original.generate(latent, labels if self.classes else None)
        return LabelledImages(images, labels)
