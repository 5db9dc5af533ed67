"""The contract of a codec: data to symbols and back, knowing neither the channel nor the SNR that it meets."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

import torch
from torch import Tensor

from semlink.channels.contract import Frame, Reception

if TYPE_CHECKING:
    from semlink.codecs.neural_codec import NeuralCodec as NeuralCodec

Modality = Literal["text", "image"]
Delivered = Literal["text", "image", "class"]
Trait = Literal["link", "reconstruction", "classes", "adversary", "sharded"]
Batch = TypeVar("Batch", bound=Any)  # has len(), indexing by an int64 tensor, and .to(device)


@dataclass(frozen=True)
class Sentence:
    """A sentence as the metrics see it.

    text: as a person reads it. words: as the codec's tokenizer splits words. tokens: vocabulary entries, where
    a word that the vocabulary lacks is the unknown symbol. A decoder's unknown symbol stays in all three.
    """

    text: str
    words: tuple[str, ...]
    tokens: tuple[str, ...]


class Codec(ABC, Generic[Batch]):
    """Payloads become a batch, a batch becomes a frame, a reception becomes a batch again.

    A payload is a sentence (str) or an image (uint8 [height, width] or [height, width, channels]). What `decode`
    returns has the type that `encode` takes, so an estimate can be sent again, unless only a class is delivered.
    """

    modality: ClassVar[Modality]

    @abstractmethod
    def prepare(self, payloads: Sequence[Any]) -> Batch:
        """Payloads as a batch of this codec. Errors: CodecError when a payload does not fit."""

    def labelled(self, batch: Batch, labels: Tensor) -> Batch:
        """A prepared batch that knows the class of each record, int64 [batch], -1 for none; most have no use for it."""
        return batch

    @abstractmethod
    def encode(self, batch: Batch) -> Frame:
        """The symbols to send."""

    @abstractmethod
    def decode(self, reception: Reception) -> Any:
        """The estimate of what was sent: a batch, or the log-probabilities of its class."""

    @abstractmethod
    def as_metric_input(self, batch: Any) -> Any:
        """An estimate as the metrics compare it.

        A list of `Sentence`; images float32 [batch, channels, height, width] in 0..1; or, where classes are delivered,
        their log-probabilities float32 [batch, classes].
        """

    @abstractmethod
    def reference(self, payloads: Sequence[Any]) -> Any:
        """Payloads in the form of `as_metric_input`, without loss: the reference that an estimate is compared with.

        Where classes are delivered, images all the same: classes are compared with those of the records.
        """

    @abstractmethod
    def channel_uses(self, batch: Batch) -> Tensor:
        """Data channel uses of each example: int64 [batch]."""

    def arrived(self, batch: Batch) -> Tensor | None:
        """Which examples the receiver believes to be complete, bool [batch]; None where it cannot know."""
        return None

    def sized(self, shape: tuple[int, ...]) -> "Codec[Batch]":
        """This codec, with the same weights, for payloads of another shape (() for sentences, which have none).

        Errors: CodecError when it cannot take such payloads.
        """
        return self

    @property
    def delivers(self) -> Delivered:
        """What the receiver makes of what arrives: the same kind of data, or only its class."""
        return self.modality

    @property
    def device(self) -> torch.device:
        """Where batches have to be. A neural codec's is that of its weights."""
        return torch.device("cpu")


def __getattr__(name: str) -> Any:
    """Loads `NeuralCodec` when it is first used: it needs the models of transformers, whose import takes seconds."""
    if name == "NeuralCodec":
        from semlink.codecs.neural_codec import NeuralCodec

        return NeuralCodec
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
