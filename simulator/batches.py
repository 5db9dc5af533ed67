"""Mini-batches in an order that depends on the seed and the step alone, so that stopped work resumes where it was."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch

from semlink.codecs.contract import Codec
from semlink.errors import SourceError
from semlink.seeding import generator_for
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.picture import cropped, is_cropped

POOL = 16  # batches that are sorted by length together


def batch_of(codec: Codec[Any], records: Sequence[Record], device: torch.device | str | None = None) -> Any:
    """Records as one batch on the codec's device, or on another; with their classes where the codec uses them."""
    batch = codec.prepare([record.payload for record in records])
    labels = torch.tensor([-1 if record.label is None else record.label for record in records])
    return codec.labelled(batch, labels).to(codec.device if device is None else device)


class Batches:
    """An endless sequence of mini-batches of some records: `batches[step]`.

    The records are prepared (tokenised, scaled) once; of images that the source crops, each step takes new crops
    instead, which depend on the seed, the record and the epoch alone. Each epoch is a random order; within pools of 16
    batches records of similar channel uses stand together, so that little padding is computed.

    In:     seed, name: of the random order. size: records a batch (the last of an epoch is dropped when short).
    Errors: SourceError when there are no records.
    """

    def __init__(
        self, codec: Codec[Any], records: Sequence[Record], size: int, seed: int, name: str, device: torch.device | str
    ) -> None:
        if not records:
            raise SourceError(f"There are no records for {name}; choose a source or a selection that has some.")
        self._codec, self._records, self._device = codec, list(records), device
        self._labels: torch.Tensor | None = None
        self._crops = any(map(is_cropped, records))
        # Images of equal size take equally many channel uses, so that they need not all be looked at.
        some = batch_of(codec, records[:1], device) if self._crops else self.all
        self.uses = codec.channel_uses(some).cpu().expand(len(records))
        self.size = min(size, len(records))
        self.per_epoch = len(records) // self.size
        self.seed, self.name = seed, name
        self._epoch = -1
        self._order: list[torch.Tensor] = []

    @cached_property
    def all(self) -> Any:
        """All records as one batch; of images that the source crops, the middle."""
        return batch_of(self._codec, self._records, self._device)

    def relabel(self, labels: torch.Tensor) -> None:
        """Gives the records other classes: int64 [records]."""
        self._labels = labels.cpu()
        self.all = self._codec.labelled(self.all, labels)

    def __getitem__(self, step: int) -> Any:
        epoch, position = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._order_of(epoch)
        rows = self._order[position]
        return self._cropped(epoch, rows) if self._crops else self.all[rows]

    def _cropped(self, epoch: int, rows: torch.Tensor) -> Any:
        records = []
        for record in map(self._records.__getitem__, rows.tolist()):
            generator = generator_for(self.seed, "crop", self.name, epoch, record.id)
            records.append(cropped(record, generator) if is_cropped(record) else record)
        batch = batch_of(self._codec, records, self._device)
        return batch if self._labels is None else self._codec.labelled(batch, self._labels[rows])

    def _order_of(self, epoch: int) -> list[torch.Tensor]:
        generator = generator_for(self.seed, "order", self.name, epoch)
        shuffled = torch.randperm(len(self.uses), generator=generator)[: self.per_epoch * self.size]
        batches: list[torch.Tensor] = []
        for pool in shuffled.split(POOL * self.size):
            batches.extend(pool[torch.argsort(self.uses[pool], stable=True)].split(self.size))
        return [batches[index] for index in torch.randperm(len(batches), generator=generator)]
