"""What codecs of images share: pixels in, pixels out, and images of another size than those of training."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semlink.channels.contract import Reception
from semlink.codecs.configuration import PixelCodecConfig
from semlink.codecs.contract import Codec, Modality, NeuralCodec
from semlink.codecs.prediction import Pixels
from semlink.errors import CodecError


class PixelCodec(NeuralCodec[Tensor]):
    """A neural codec of images, each of which takes the same number of channel uses.

    A batch is float32 [batch, channels, height, width] in 0..1.
    """

    modality: ClassVar[Modality] = "image"
    config: PixelCodecConfig

    def prepare(self, payloads: Sequence[NDArray[np.uint8]]) -> Tensor:
        return pixels_of(payloads, self.config.height, self.config.width, self.config.channels)

    def predict(self, batch: Tensor, reception: Reception) -> Pixels:
        return Pixels(self.decode(reception))

    def mislabel(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """The images change places, so that nearly each has another's."""
        return batch[torch.randperm(len(batch), generator=generator, device=batch.device)]

    def embed(self, latent: Tensor, mask: Tensor) -> Tensor:
        return (latent * mask.unsqueeze(-1)).flatten(1)

    def as_metric_input(self, batch: Tensor) -> Tensor:
        return batch

    def reference(self, payloads: Sequence[NDArray[np.uint8]]) -> Tensor:
        return self.prepare(payloads)

    def channel_uses(self, batch: Tensor) -> Tensor:
        return torch.full((len(batch),), self.config.uses, device=batch.device)

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
