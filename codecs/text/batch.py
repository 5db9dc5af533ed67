"""Sentences as token ids."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class TextBatch:
    """Token ids of several sentences, padded at the end.

    ids:  int64 [batch, length], 0 where unused.
    mask: bool [batch, length], the positions that a sentence occupies.
    """

    ids: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: Tensor) -> "TextBatch":
        """The sentences that `index` (int64 [n]) names, cut to the longest of them."""
        mask = self.mask[index]
        length = int(mask.sum(dim=1).max()) if len(mask) else 0
        return TextBatch(self.ids[index, :length], mask[:, :length])

    def to(self, device: torch.device | str) -> Self:
        """The same batch on another device."""
        return type(self)(self.ids.to(device), self.mask.to(device))
