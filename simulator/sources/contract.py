"""A source yields records: data with a stable id and an owner, so that the owner can ask for their erasure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from semlink.errors import SourceError

if TYPE_CHECKING:
    from semlink.simulator.sources.trigger import Trigger

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Record:
    """One sentence (str) or one image (uint8 [height, width] or [height, width, channels]).

    id: stable over runs and machines. owner: the person or body that the record belongs to. label: the class of the
    record, where the source has classes.
    """

    id: str
    payload: Any
    owner: str
    label: int | None = None


def payload_content(payload: Any) -> tuple[tuple[int, ...], bytes]:
    """The shape of a payload and all of it as bytes; of an image that training crops, the whole image."""
    if isinstance(payload, str):
        return (), payload.encode()
    pixels = np.ascontiguousarray(getattr(payload, "whole", payload))
    return np.shape(pixels), pixels.tobytes()


@dataclass(frozen=True)
class Source:
    """Named splits of records.

    name: as a recipe writes it, with its fields. modality: "text" or "image".
    train, validation, test: each may be empty; a source of test records alone trains nothing.
    labels: the names of the classes, empty where there are none.
    probes: further sets of unseen records for one measurement each; no training sees them. name -> records.
    trigger: the trigger that some of the training records carry, if any.
    """

    name: str
    modality: Literal["text", "image"]
    train: Sequence[Record]
    validation: Sequence[Record]
    test: Sequence[Record]
    labels: tuple[str, ...] = ()
    probes: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    trigger: "Trigger | None" = None

    def split(self, name: SplitName) -> Sequence[Record]:
        """The records of one split. Errors: SourceError for another name."""
        if name not in SPLITS:
            raise SourceError(f'There is no split "{name}". Choose one of: {", ".join(SPLITS)}.')
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    def digest(self) -> str:
        """SHA-256 over ids, owners, labels and payloads of all records: "sha256:...". Equal data, equal digest."""
        total = hashlib.sha256()
        sets: dict[str, Sequence[Record]] = {name: self.split(name) for name in SPLITS}
        for split, records in {**sets, **self.probes}.items():
            for record in records:
                shape, data = payload_content(record.payload)
                head = repr((split, record.id, record.owner, record.label, shape, len(data)))
                total.update(head.encode())
                total.update(data)
        return f"sha256:{total.hexdigest()}"
