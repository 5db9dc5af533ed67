"""What codecs of labelled images share."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor

from semlink.codecs.image_size_codec import ImageSizeCodec
from semlink.codecs.task.batch import LabelledImages
from semlink.errors import CodecError


class LabelledImageCodec(ImageSizeCodec[LabelledImages]):
    """A codec that learns from images and their classes. Its configuration has the number of `classes`."""

    @classmethod
    def create(cls, fields: Mapping[str, Any], payloads: Sequence[Any], labels: Sequence[str], seed: int) -> Self:
        """See `NeuralCodec`. Where the fields do not give the number of classes, there are as many as labels."""
        classes = {"classes": len(labels)} if labels else {}
        return super().create({**classes, **fields}, payloads, labels, seed)

    def batch_of(self, images: Tensor) -> LabelledImages:
        return LabelledImages(images, torch.full(images.shape[:1], -1, device=images.device))

    def images_of(self, batch: LabelledImages) -> Tensor:
        return batch.images

    def labelled(self, batch: LabelledImages, labels: Tensor) -> LabelledImages:
        return replace(batch, labels=labels.to(batch.images.device))

    def sized(self, shape: tuple[int, ...]) -> Self:
        config: Any = self.config
        size = config.height, config.width, config.channels
        if (*shape, 1)[:3] != size:
            raise CodecError(
                f"A payload of shape {shape} does not fit this codec, which takes images of shape "
                f"{size if size[2] > 1 else size[:2]}; give such images, or train a codec on yours."
            )
        return self
