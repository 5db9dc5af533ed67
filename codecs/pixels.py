"""Images as tensors: from payloads, of another size, and what of them fits a codec."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semlink.channels.contract import Reception
from semlink.errors import CodecError


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
                f"give uint8 images of shape {size if channels > 1 else size[:2]}, or a source with crop={height}."
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
