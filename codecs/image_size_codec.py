"""What neural codecs of images share: images of one size, each of which takes the same number of channel uses."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semlink.codecs.contract import Batch, Modality
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.pixels import pixels_of, size_of_images


class ImageSizeCodec(NeuralCodec[Batch]):
    """A neural codec of images of one size, each of which takes the same number of channel uses.

    Its configuration is an `ImageSizeConfig`, with the number of channel uses as `uses` where that follows from it.
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

    @property
    def uses(self) -> int:
        """Channel uses of each image."""
        config: Any = self.config
        return int(config.uses)

    def channel_uses(self, batch: Batch) -> Tensor:
        return torch.full((len(batch),), self.uses, device=self.images_of(batch).device)
