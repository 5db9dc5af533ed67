"""The image codec at any size: an image is sent as windows of the size that the codec was trained on."""

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semlink.channels.contract import Frame, Reception
from semlink.codecs.contract import Codec, Modality
from semlink.codecs.pixel_codec import PixelCodec
from semlink.codecs.pixels import extend, pixels_of

CHUNK = 512  # windows that pass through the codec together: memory stays bounded


class Windows(Codec[Tensor]):
    """Images of height x width pixels through a codec of smaller (or larger) ones: one frame for each image.

    An image is continued by reflection to whole windows and cut off again by the receiver; every window costs its
    channel uses. Each has unit mean energy, as it had in training, and so has the whole image.
    """

    modality: ClassVar[Modality] = "image"

    def __init__(self, codec: PixelCodec, height: int, width: int) -> None:
        self.codec, self.height, self.width = codec, height, width
        self.rows, self.columns = math.ceil(height / codec.config.height), math.ceil(width / codec.config.width)

    @property
    def device(self) -> torch.device:
        return self.codec.device

    def sized(self, shape: tuple[int, ...]) -> Codec[Tensor]:
        return self.codec.sized(shape)

    def prepare(self, payloads: Sequence[NDArray[np.uint8]]) -> Tensor:
        return pixels_of(payloads, self.height, self.width, self.codec.config.channels)

    def encode(self, batch: Tensor) -> Frame:
        size = self.codec.config.height, self.codec.config.width
        whole = extend(batch, self.rows * size[0], self.columns * size[1])
        cut = whole.unflatten(3, (self.columns, size[1])).unflatten(2, (self.rows, size[0]))
        frames = [self.codec.encode(part) for part in cut.permute(0, 2, 4, 1, 3, 5).flatten(0, 2).split(CHUNK)]
        symbols, mask = (torch.cat([getattr(frame, name) for frame in frames]) for name in ("symbols", "mask"))
        return Frame(symbols.view(len(batch), -1), mask.view(len(batch), -1))

    def decode(self, reception: Reception) -> Tensor:
        images = len(reception.symbols)
        variance = reception.noise_variance.expand(reception.symbols.shape)
        each = (
            values.reshape(images * self.rows * self.columns, -1).split(CHUNK)
            for values in (reception.symbols, variance, reception.mask)
        )
        windows = torch.cat([self.codec.decode(Reception(*parts)) for parts in zip(*each, strict=True)])
        grid = windows.view(images, self.rows, self.columns, *windows.shape[1:]).permute(0, 3, 1, 4, 2, 5)
        return grid.flatten(4).flatten(2, 3)[..., : self.height, : self.width]

    def as_metric_input(self, batch: Tensor) -> Tensor:
        return batch

    def reference(self, payloads: Sequence[NDArray[np.uint8]]) -> Tensor:
        return self.prepare(payloads)

    def channel_uses(self, batch: Tensor) -> Tensor:
        uses = self.rows * self.columns * self.codec.uses
        return torch.full((len(batch),), uses, device=batch.device)
