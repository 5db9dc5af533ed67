"""Wrapped codecs: a user's encoder and decoder, with power normalisation, pairing and noise variance by semlink."""

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from semlink.channels.contract import Reception
from semlink.codecs.contract import Batch, Codec
from semlink.codecs.image.windows import Windows
from semlink.codecs.image_size_codec import ImageSizeCodec
from semlink.codecs.pixel_codec import PixelCodec
from semlink.codecs.pixels import check_uses, extend
from semlink.codecs.posterior import Posterior
from semlink.codecs.prediction import Pixels
from semlink.codecs.representation import posterior
from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.task.inferring import InferringCodec
from semlink.codecs.wrapped.dry_pass import NOISE_VARIANCE, check_pair
from semlink.codecs.wrapped.latent import Latent
from semlink.codecs.wrapped.module_pair import ModulePair
from semlink.codecs.wrapped.part import reason
from semlink.errors import CodecError


class Wrapped(ImageSizeCodec[Batch]):
    """What wrapped codecs share: the sending half, and the latent at the receiver.

    The encoder gives a latent of any shape, real or complex, or a pair (mean, log-variance per real dimension) where
    the configuration says `variational`. Each example is normalised in power before it is sent, so that the decoder
    gets values of unit mean energy per channel use, plus noise.
    """

    pair: ClassVar[ModulePair]
    config: Any

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.encoder, self.decoder = self.pair.built({name: getattr(config, name) for name in self.own_fields()})
        self.adapts = NOISE_VARIANCE in inspect.signature(self.decoder.forward).parameters
        self.latents: dict[tuple[int, int], Latent | None] = {}  # of images of that size; None: not taken
        self.trained_size = self.size
        self.post_init()

    @classmethod
    def create(cls, fields: Mapping[str, Any], payloads: Sequence[Any], labels: Sequence[str], seed: int) -> Self:
        """See `NeuralCodec`. Errors: CodecError, too, when the modules do not fit together, see `check_pair`."""
        codec = super().create(fields, payloads, labels, seed)
        codec.latents[codec.size] = check_pair(codec)
        return codec

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing: the user's modules begin as they were made."""

    @property
    def sender(self) -> tuple[nn.Module, ...]:
        return (self.encoder,)

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        return (self.decoder,)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.config.height, self.config.width

    @property
    def latent(self) -> Latent:
        """The form of an example's latent. Errors: CodecError when the modules do not take images of this size."""
        latent = self.latents.get(self.size)
        if latent is None:
            latent = self.latents[self.size] = check_pair(self, thorough=False)
        return latent

    @property
    def uses(self) -> int:
        return self.latent.uses

    def images_seen(self, images: Tensor) -> Tensor:
        """Images as the encoder takes them: continued by reflection to sides that are multiples."""
        return extend(images, *(-(-side // self.pair.multiple) * self.pair.multiple for side in self.size))

    def represent(self, batch: Batch) -> Posterior:
        given: Any = self.answer_of("encoder", self.images_seen(self.images_of(batch)))  # whatever a user returns
        mean, *log_variance = given if isinstance(given, tuple) else (given,)
        latent, sigma = self.latents.setdefault(self.size, Latent.of(mean)) or Latent.of(mean), None
        if log_variance:
            sigma = (0.5 * latent.as_uses(_alike(log_variance[0]) if latent.complex_valued else log_variance[0])).exp()
        uses = latent.as_uses(mean)
        mask = torch.ones(uses.shape[:2], dtype=torch.bool, device=uses.device)
        return posterior(uses, sigma, mask, self.config.representation_variance)

    def received(self, reception: Reception) -> Tensor:
        """What the decoder makes of a reception, as it is. Errors: CodecError for a frame of another codec."""
        check_uses(reception, self.uses)
        given = {NOISE_VARIANCE: self.latent.noise_variance_of(reception)} if self.adapts else {}
        output: Tensor = self.answer_of("decoder", self.latent.of_symbols(reception.symbols), **given)
        return output

    def answer_of(self, role: str, data: Tensor, **given: Tensor) -> Any:
        """What a part, "encoder" or "decoder", gives. Errors: CodecError, when it fails."""
        try:
            return getattr(self, role)(data, **given)
        except Exception as error:
            raise CodecError(f"The {role} of {self.pair.name} fails on {list(data.shape)}: {reason(error)}.") from error

    def elements_of(self, losses: Any, count: int) -> Tensor:
        """A user's losses as float32 [batch, elements]. Errors: CodecError when they are not of each example."""
        if not isinstance(losses, Tensor) or losses.dim() == 0 or len(losses) != count or losses.is_complex():
            form = list(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
            raise CodecError(
                f"The loss of {self.pair.name} returns {form or 'one number'} for {count} examples; return one for "
                f'each example, [{count}], or for each of its elements, [{count}, ...] (reduction="none").'
            )
        return losses.reshape(count, -1)


def _alike(log_variance: Tensor) -> Tensor:
    """The log-variance of complex values, the same for both parts."""
    return torch.complex(log_variance, log_variance)


class WrappedImages(Wrapped[Tensor], PixelCodec):
    """A pair whose decoder gives images. Loss: by default the squared error, the mean over channels, of each pixel."""

    def estimate(self, reception: Reception) -> Tensor:
        """The image as the decoder gives it, cut to size, in no range."""
        return self.received(reception)[..., : self.size[0], : self.size[1]]

    def decode(self, reception: Reception) -> Tensor:
        return self.estimate(reception).clamp(0, 1)

    def predict(self, batch: Tensor, reception: Reception) -> Pixels:
        return Pixels(self.estimate(reception))

    def element_losses(self, batch: Tensor, reception: Reception) -> tuple[Tensor, Tensor]:
        estimate = self.estimate(reception)
        if self.pair.loss is None:
            losses = (estimate - batch).square().mean(dim=1).flatten(1)
        else:
            losses = self.elements_of(self.pair.loss(estimate, batch), len(batch))
        return losses, torch.ones_like(losses, dtype=torch.bool)

    def resized(self, height: int, width: int) -> Codec[Tensor]:
        """Fully convolutional modules take images of another size as they are; others get windows of their own."""
        other = copy.copy(self)  # shares the weights
        other.config = copy.copy(self.config)
        other.config.height, other.config.width = height, width
        if (height, width) not in self.latents:
            try:
                self.latents[height, width] = check_pair(other, thorough=False)
            except CodecError:
                self.latents[height, width] = None
        return other if self.latents[height, width] else Windows(self, height, width)


class WrappedClasses(Wrapped[LabelledImages], InferringCodec):
    """A pair whose decoder gives a score for each class of an image. Loss: by default cross-entropy in nats."""

    def scores(self, reception: Reception) -> Tensor:
        return self.received(reception)

    def element_losses(self, batch: LabelledImages, reception: Reception) -> tuple[Tensor, Tensor]:
        if self.pair.loss is None:
            return super().element_losses(batch, reception)
        self._check_labels(batch)
        losses = self.elements_of(self.pair.loss(self.scores(reception), batch.labels), len(batch))
        return losses, torch.ones_like(losses, dtype=torch.bool)
