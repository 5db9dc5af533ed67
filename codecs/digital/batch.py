"""What the classical chain sends and receives: payloads beside their channel uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class DigitalBatch:
    """Payloads of one batch.

    payloads: of each example the words of its sentence, tuple[str, ...], or its image, uint8.
    uses:     channel uses that each example is given, int64 [batch].
    arrived:  whether each payload is what the sender sent: bool [batch]. Where it is not, the payload is what a
              receiver shows that got nothing.
    """

    payloads: tuple[Any, ...]
    uses: Tensor
    arrived: Tensor

    def __len__(self) -> int:
        return len(self.payloads)

    def __getitem__(self, rows: Tensor) -> Self:
        chosen = tuple(self.payloads[row] for row in rows.tolist())
        return type(self)(chosen, self.uses[rows.to(self.uses.device)], self.arrived[rows.to(self.uses.device)])

    @classmethod
    def joined(cls, batches: "Sequence[DigitalBatch]") -> Self:
        """Batches one after the other."""
        payloads = tuple(payload for batch in batches for payload in batch.payloads)
        uses, arrived = (torch.cat([getattr(batch, name) for batch in batches]) for name in ("uses", "arrived"))
        return cls(payloads, uses, arrived)

    def to(self, device: torch.device | str) -> Self:
        """The batch with its tensors on a device; payloads are no tensors."""
        return type(self)(self.payloads, self.uses.to(device), self.arrived.to(device))
