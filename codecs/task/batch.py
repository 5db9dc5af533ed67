"""A batch of the task codec: images, and the class of each where it is known."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LabelledImages:
    """Images with their classes.

    images: float32 [batch, channels, height, width] in 0..1. labels: int64 [batch], -1 where the class is not known.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Tensor) -> "LabelledImages":
        return LabelledImages(self.images[rows], self.labels[rows])

    def to(self, device: torch.device | str) -> "LabelledImages":
        """The batch on a device."""
        return LabelledImages(self.images.to(device), self.labels.to(device))
