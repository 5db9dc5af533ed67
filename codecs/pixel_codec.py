"""What codecs that rebuild images share."""

from abc import abstractmethod

import torch
from torch import Tensor

from semlink.channels.contract import Reception
from semlink.codecs.configuration import PixelCodecConfig
from semlink.codecs.contract import Codec
from semlink.codecs.ends import CodecEnds
from semlink.codecs.image_ends import ImageEnds
from semlink.codecs.image_size_codec import ImageSizeCodec
from semlink.codecs.prediction import Pixels
from semlink.errors import CodecError


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
