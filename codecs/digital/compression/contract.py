"""The contract of a compressor: a payload as bits, within a limit, and back."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from semlink.codecs.contract import Modality
from semlink.errors import CodecError

Bits = NDArray[np.uint8]  # of 0 and 1
Payload = TypeVar("Payload", bound=Any)


class Compressor(ABC, Generic[Payload]):
    """A payload becomes bits and bits become a payload. It knows neither channel nor code.

    A payload is the words of a sentence, tuple[str, ...] without white space in them, or an image, uint8
    [height, width] or [height, width, 3]. Sender and receiver know the kind of compressor and, of an image, its shape;
    the link gives the receiver the number of bits. All else that the receiver needs is in the bits.

    learns: whether it is made by `learn` and kept in a file by `save` and `load`; the others are made without
            arguments, and refuse those three.
    """

    modality: ClassVar[Modality]
    learns: ClassVar[bool] = False

    @abstractmethod
    def fit(self, payload: Payload, most: int) -> Bits | None:
        """The best version of a payload that takes at most `most` bits, or None where none does.

        Images: at the highest quality that fits. Sentences: without loss, or else cut after the last word that fits;
        None where not even the first word does. Errors: CodecError when the payload is of another kind.
        """

    @abstractmethod
    def restore(self, bits: Bits, shape: tuple[int, ...]) -> Payload:
        """The payload that `fit` made these bits of. shape: of the image; () for sentences.

        Errors: CodecError when no payload has these bits.
        """

    @classmethod
    def learn(cls, sentences: Sequence[tuple[str, ...]]) -> Self:
        """A compressor for sentences like these, the words of each. Sender and receiver both have what it learned."""
        raise CodecError(f"{cls.__name__} learns nothing; make it without sentences.")

    def save(self, path: Path) -> None:
        """Writes what was learned into a file."""
        raise CodecError(
            f"{type(self).__name__} learns nothing that could be stored; make it again where it is needed."
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """The compressor of a stored file. Errors: CodecError when the file is missing, damaged or another's."""
        raise CodecError(f"{cls.__name__} learns nothing that could be stored; make it without a file.")
