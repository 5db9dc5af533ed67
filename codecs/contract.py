"""The contract of a codec: data to symbols and back, knowing neither the channel nor the SNR that it meets."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from semlink.channels.contract import Frame, Reception
from semlink.channels.power import normalise_power
from semlink.codecs.configuration import CodecConfig
from semlink.codecs.posterior import Posterior
from semlink.codecs.prediction import Prediction
from semlink.errors import CodecError

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

        A list of `Sentence`; images float32 [batch, channels, height, width] in 0..1; or, where classes are delivered, their
        log-probabilities float32 [batch, classes].
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
        """Which examples of an estimate the receiver holds for whole, bool [batch]; None where it has no way to tell."""
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


class NeuralCodec(PreTrainedModel, Codec[Batch]):
    """A codec that learns: encoder, posterior of the representation, power normalisation, decoder and loss.

    It is a transformers model: its config travels with its weights. Encoding is `modulate(represent(batch))`.

    traits: what unlearning methods may build on. link: something of a record is sent. reconstruction: an estimate is like
            what was sent and can be sent again. classes: the receiver infers the class. adversary: a discriminator
            belongs to it. sharded: it has `parts`, each of which learns from records of its own.
    """

    config_class: type[CodecConfig]
    traits: ClassVar[frozenset[Trait]] = frozenset({"link", "reconstruction"})

    @property
    @abstractmethod
    def sender(self) -> tuple[nn.Module, ...]:
        """The modules that only the sender holds, in the order in which data pass through them."""

    @property
    @abstractmethod
    def receiver(self) -> tuple[nn.Module, ...]:
        """The modules that only the receiver holds, in that order. What both ends share is in neither."""

    @property
    def parts(self) -> "tuple[NeuralCodec[Batch], ...]":
        """The codecs that it is made of and that are trained apart; most have none."""
        return ()

    def part_of(self, payload: Any) -> int:
        """Which of its parts learns from a record with this payload."""
        return 0

    @abstractmethod
    def represent(self, batch: Batch) -> Posterior:
        """q(z|x) of the representation that is sent."""

    @abstractmethod
    def element_losses(self, batch: Batch, reception: Reception) -> tuple[Tensor, Tensor]:
        """Reconstruction loss of each element of each example, and which elements there are.

        Elements are tokens (cross-entropy in nats) or patches (mean squared error).
        Out: float32 [batch, elements], 0 where there is none; bool [batch, elements].
        """

    @abstractmethod
    def predict(self, batch: Batch, reception: Reception) -> Prediction:
        """What the receiver believes of each example; one that says word after word is told those before."""

    @abstractmethod
    def mislabel(self, batch: Batch, generator: torch.Generator) -> Batch:
        """A batch whose targets are random ones of its kind; its `loss` takes the reception of the true one."""

    @abstractmethod
    def embed(self, latent: Tensor, mask: Tensor) -> Tensor:
        """A latent as one vector of fixed size for each example, for cosine similarity: float32 [batch, size]."""

    def element_ids(self, batch: Batch) -> Tensor | None:
        """Which of a finite set each element is, int64 [batch, elements], -1 where there is none; None if not countable."""
        return None

    def element_parameters(self) -> tuple[Tensor, ...]:
        """Parameters with one row for each element id; none where not countable.

        The first two are those that the receiver scores with: vectors float32 [ids, size] and bias float32 [ids].
        """
        return ()

    def element_features(self, batch: Batch, reception: Reception) -> Tensor:
        """What the receiver scores against the first `element_parameters`: float32 [elements that there are, size].

        score(id) = vector(id) . feature + bias(id). Errors: CodecError where elements are not countable.
        """
        raise CodecError(f"The elements of {type(self).__name__} cannot be counted; use a text codec.")

    def loss(self, batch: Batch, reception: Reception) -> Tensor:
        """Reconstruction loss of each example, the mean over its elements: float32 [batch]."""
        losses, mask = self.element_losses(batch, reception)
        return losses.sum(dim=1) / mask.sum(dim=1)

    def objective(self, batch: Batch, reception: Reception, generator: torch.Generator) -> Tensor:
        """What a step of training lowers: one number.

        A codec with an adversary adds both players' losses, each such that it moves only that player's own parameters.
        """
        return self.loss(batch, reception).mean()

    @classmethod
    def own_fields(cls) -> dict[str, tuple[Any, object]]:
        """Name, type and default of each field that a user can choose."""
        return cls.config_class.own_fields()

    def modulate(self, latent: Tensor, mask: Tensor) -> Frame:
        """A latent float32 [batch, uses, 2] (in-phase, quadrature), normalised to unit energy, as a frame."""
        return Frame(normalise_power(torch.view_as_complex(latent.contiguous()), mask), mask)

    def encode(self, batch: Batch, generator: torch.Generator | None = None) -> Frame:
        """The symbols to send: from the mean of the posterior, or from a sample when a generator is given."""
        posterior = self.represent(batch)
        latent = posterior.mean if generator is None else posterior.sample(generator)
        return self.modulate(latent, posterior.mask)

    def _init_weights(self, module: nn.Module) -> None:
        """What transformers calls for each module with parameters of its own: the module's own way to begin."""
        if callable(reset := getattr(module, "reset_parameters", None)):
            reset()

    def on(self, device: str) -> Self:
        """The codec, moved to a device."""
        return torch.nn.Module.to(self, device)
