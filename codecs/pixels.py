"""What codecs of images share: pixels in, pixels out, and images of another size than those of training."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semlink.channels.contract import Reception
from semlink.codecs.configuration import PixelCodecConfig
from semlink.codecs.contract import Batch, Codec, Modality
from semlink.codecs.ends import CodecEnds
from semlink.codecs.image_ends import ImageEnds
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.prediction import Pixels
from semlink.errors import CodecError


class ImageSizeCodec(NeuralCodec[Batch]):
    """A neural codec of images of one size, each of which takes the same number of channel uses.

    Its configuration is an `ImageSizeConfig` with the number of channel uses as `uses`.
    """

    modality: ClassVar[Modality] = "image"

    @abstractmethod
    def batch_of(self, images: Tensor) -> Batch:
        """Images float32 [batch, channels, height, width] in 0..1 as a batch, of which nothing else is known."""

    @abstractmethod
    def images_of(self, batch: Batch) -> Tensor:
        """The images of a batch, in that form."""

    @classmethod
    def create(cls, fields: Mapping[str, Any], payloads: Sequence[Any], labels: Sequence[str], seed: int) -> Self:
        """See `NeuralCodec`. Where the fields do not give the size of the images, it is that of the first payload."""
        return super().create({**size_of_images(payloads), **fields}, payloads, labels, seed)

    def prepare(self, payloads: Sequence[NDArray[np.uint8]]) -> Batch:
        return self.batch_of(self.reference(payloads))

    def reference(self, payloads: Sequence[NDArray[np.uint8]]) -> Tensor:
        config: Any = self.config
        return pixels_of(payloads, config.height, config.width, config.channels)

    def as_metric_input(self, batch: Any) -> Tensor:
        return self.images_of(batch)

    def embed(self, latent: Tensor, mask: Tensor) -> Tensor:
        return (latent * mask.unsqueeze(-1)).flatten(1)

    def channel_uses(self, batch: Batch) -> Tensor:
        config: Any = self.config
        return torch.full((len(batch),), config.uses, device=self.images_of(batch).device)


class PixelCodec(ImageSizeCodec[Tensor]):
    """A codec that rebuilds images. A batch is float32 [batch, channels, height, width] in 0..1."""

    config: PixelCodecConfig

    def export_ends(self) -> CodecEnds:
        return ImageEnds(self)

    def batch_of(self, images: Tensor) -> Tensor:
        return images

    def images_of(self, batch: Tensor) -> Tensor:
        return batch

    def predict(self, batch: Tensor, reception: Reception) -> Pixels:
        return Pixels(self.decode(reception))

    def mislabel(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """The images change places, so that nearly each has another's."""
        return batch[torch.randperm(len(batch), generator=generator, device=batch.device)]

    def sized(self, shape: tuple[int, ...]) -> Codec[Tensor]:
        height, width, channels = (*shape, 1)[:3] if len(shape) in (2, 3) else (0, 0, 0)
        if min(height, width) < 1 or channels != self.config.channels:
            raise CodecError(
                f"A payload of shape {shape} does not fit this codec of images with {self.config.channels} channel(s); "
                "give images with as many."
            )
        unchanged = (height, width) == (self.config.height, self.config.width)
        return self if unchanged else self.resized(height, width)

    @abstractmethod
    def resized(self, height: int, width: int) -> Codec[Tensor]:
        """What `sized` gives for images of another height or width, in pixels."""


def check_uses(reception: Reception, uses: int) -> None:
    """Errors: CodecError when the reception has not the channel uses that a codec sends for each image."""
    if reception.mask.shape[1] != uses:
        raise CodecError(
            f"A reception of {reception.mask.shape[1]} channel uses is not from this codec, which sends "
            f"{uses} for each image; decode with the codec that encoded."
        )


def size_of_images(payloads: Sequence[Any]) -> dict[str, int]:
    """Height, width and channels of the first, as fields of a configuration. Errors: CodecError when it is no image."""
    shape = () if isinstance(payloads[0], str) else np.shape(payloads[0])
    if len(shape) not in (2, 3):
        raise CodecError('An image codec is made from images; use a source of images, or the codec "text".')
    return dict(zip(("height", "width", "channels"), (*shape, 1)[:3], strict=True))


def pixels_of(payloads: Sequence[NDArray[np.uint8]], height: int, width: int, channels: int) -> Tensor:
    """Images of this size as float32 [batch, channels, height, width] in 0..1. Errors: CodecError for anything else."""
    if len(payloads) == 0:
        raise CodecError("There are no images to prepare; give at least one.")
    size = height, width, channels
    for payload in payloads:
        kind = getattr(payload, "dtype", type(payload).__name__)
        shape = tuple(np.shape(payload))
        if kind != np.uint8 or (shape if len(shape) == 3 else (*shape, 1)) != size:
            raise CodecError(
                f"An image of shape {shape} and type {kind} does not fit this codec; "
                f"give uint8 images of shape {size if channels > 1 else size[:2]}."
            )
    pixels = torch.from_numpy(np.stack([np.asarray(payload).reshape(size) for payload in payloads]))
    return pixels.permute(0, 3, 1, 2).float() / 255


def extend(images: Tensor, height: int, width: int) -> Tensor:
    """Images [..., rows, columns], continued to height and width by reflection at their last row and column."""
    for dimension, wanted in ((-2, height), (-1, width)):
        size = images.shape[dimension]
        if wanted > size:
            place = torch.arange(wanted, device=images.device) % max(1, 2 * (size - 1))
            images = images.index_select(dimension, torch.minimum(place, (2 * (size - 1) - place).clamp_min(0)))
    return images
