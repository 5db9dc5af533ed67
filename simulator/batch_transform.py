"""The contract of a transform of training batches, such as an augmentation."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch

from semlink.codecs.contract import NeuralCodec


class BatchTransform(ABC):
    """Turns a training batch into another one, on which the codec is trained instead. Validation does not use it."""

    @abstractmethod
    def digest(self) -> str:
        """A digest of all that the transformed batches depend on; a checkpoint fits one digest only."""

    @abstractmethod
    def fitted(self, codec: NeuralCodec[Any], records: Any) -> Callable[[Any, torch.Generator], Any]:
        """The transform for one training: a function of a batch and the generator of its random draws.

        In:     records: all training records as one batch.
        Errors: WrongField when the transform does not fit the codec or the records.
        """
