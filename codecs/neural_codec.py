"""The contract of a codec that is trained: a model of transformers with a sender and a receiver."""

import inspect
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedModel

from semlink.channels.contract import Frame, Reception
from semlink.channels.power import normalise_power
from semlink.codecs import CODECS
from semlink.codecs.configuration import CodecConfig
from semlink.codecs.contract import Batch, Codec, Trait
from semlink.codecs.ends import CodecEnds
from semlink.codecs.posterior import Posterior
from semlink.codecs.prediction import Prediction
from semlink.errors import CodecError
from semlink.seeding import seeded


class NeuralCodec(PreTrainedModel, Codec[Batch]):
    """A codec that is trained: encoder, posterior of the representation, power normalisation, decoder and loss.

    It is a transformers model: its config travels with its weights. Encoding is `modulate(represent(batch))`.

    traits: what unlearning methods may build on. link: something of a record is sent. reconstruction: an estimate is
            like what was sent and can be sent again. classes: the receiver infers the class. adversary: a discriminator
            belongs to it. sharded: it has `parts`, each of which learns from records of its own.
    """

    config_class: type[CodecConfig]
    traits: ClassVar[frozenset[Trait]] = frozenset({"link", "reconstruction"})

    def __init_subclass__(cls) -> None:
        """Makes a codec with a configuration of its own known to transformers' Auto classes."""
        config_class: type[CodecConfig] | None = cls.__dict__.get("config_class")
        super().__init_subclass__()
        if config_class is not None and config_class.model_type:
            AutoConfig.register(config_class.model_type, config_class, exist_ok=True)
            AutoModel.register(config_class, cls, exist_ok=True)

    @classmethod
    def fault(cls) -> str | None:
        """What keeps the class from being registered, as the end of a sentence: stored codecs need a type of theirs."""
        kind = getattr(cls.config_class, "model_type", "")
        if not inspect.isclass(cls.config_class) or not issubclass(cls.config_class, CodecConfig) or not kind:
            return "needs a config_class that derives from sl.CodecConfig and has a model_type."
        others = {f"semlink-{name}" for name in CODECS.own()}
        others |= {
            entry.config_class.model_type for entry, _ in CODECS.added().values() if entry.__name__ != cls.__name__
        }
        if kind in others:
            return f'needs a config_class of its own: another codec has the model_type "{kind}".'
        return None

    @classmethod
    def create(cls, fields: Mapping[str, Any], payloads: Sequence[Any], labels: Sequence[str], seed: int) -> Self:
        """An untrained codec of this kind; see `new_codec`, which checks the fields and calls this.

        In:     fields: of the configuration, of the right types. payloads: at least one. labels: names of the classes.
        Errors: CodecError when the payloads are of another kind; WrongField when the fields do not fit each other.
        """
        return seeded(seed, lambda: cls(cls.config_class(**fields)))

    def like(self, seed: int) -> Self:
        """An untrained codec that differs from this one in its weights alone; see `new_codec_like`."""
        return seeded(seed, lambda: type(self)(self.config))

    def extra_files(self) -> dict[str, bytes]:
        """Name and content of each file that belongs to a stored codec beside its configuration and its weights."""
        return {}

    def read_extra_files(self, files: Mapping[str, bytes]) -> None:
        """Takes over what `extra_files` gave; there may be more files.

        Errors: KeyError, with the name, when a file is missing; CodecError when one does not fit the configuration.
        """

    def export_ends(self) -> CodecEnds:
        """Its ends as functions for other runtimes. A variational encoder sends its mean.

        Errors: CodecError for a codec whose ends cannot be separated.
        """
        raise CodecError(
            f"Codecs of the type {type(self).__name__} cannot be exported yet; export a text or image codec."
        )

    def forget_vocabulary(self, forgotten: Sequence[Any], kept: Sequence[Any]) -> int:
        """Takes out of the vocabulary what only forgotten payloads need, and returns how many entries that was."""
        return 0

    def with_vocabulary_of(self, other: "NeuralCodec[Any]") -> Self:
        """This codec with the vocabulary of another version of it, as somebody has it who kept that one.

        The weights are shared. Errors: CodecError when the vocabularies are not equally large.
        """
        return self

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
        """What the receiver believes of each example; one that decodes word by word knows the words before."""

    @abstractmethod
    def mislabel(self, batch: Batch, generator: torch.Generator) -> Batch:
        """A batch whose targets are random ones of its kind; its `loss` takes the reception of the true one."""

    @abstractmethod
    def embed(self, latent: Tensor, mask: Tensor) -> Tensor:
        """A latent as one vector of fixed size for each example, for cosine similarity: float32 [batch, size]."""

    def element_ids(self, batch: Batch) -> Tensor | None:
        """Which of a finite set each element is: int64 [batch, elements], -1 where there is none.

        None where elements are not countable.
        """
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
