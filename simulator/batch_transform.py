"""The contract of what changes batches of training on their way to the codec, such as an augmentation."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch

from semlink.codecs.contract import NeuralCodec


class BatchTransform(ABC):
    """Makes of a batch another one that the codec is trained on in its place. Validation goes without."""

    @abstractmethod
    def digest(self) -> str:
        """A name for all that the transformed batches depend on; a checkpoint belongs to one."""

    @abstractmethod
    def fitted(self, codec: NeuralCodec[Any], records: Any) -> Callable[[Any, torch.Generator], Any]:
        """The transform of a batch, whose draws come from the generator, on the device of the codec.

        In:     records: all training records as one batch.
        Errors: WrongField when it does not fit the codec or the records.
        """
