"""The contract of a compressor: a payload as bits, within a limit, and back."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from semlink.codecs.contract import Modality

Bits = NDArray[np.uint8]  # of 0 and 1
Payload = TypeVar("Payload", bound=Any)


class Compressor(ABC, Generic[Payload]):
    """A payload becomes bits and bits become a payload. It knows neither channel nor code.

    A payload is the words of a sentence, tuple[str, ...] without white space in them, or an image, uint8
    [height, width] or [height, width, 3]. Sender and receiver know the kind of compressor and, of an image, its shape;
    the link tells the receiver how many bits there are. All else that the receiver needs is in the bits.
    """

    modality: ClassVar[Modality]

    @abstractmethod
    def fit(self, payload: Payload, most: int) -> Bits | None:
        """The best version of a payload that takes at most `most` bits, or None where none does.

        Images: at the highest quality that fits. Sentences: without loss, or else cut after the last word that fits;
        None where not even the first word does.
        """

    @abstractmethod
    def restore(self, bits: Bits, shape: tuple[int, ...]) -> Payload:
        """The payload that `fit` made these bits of. shape: of the image; () for sentences."""
