"""The exported ends of the image codec of patches."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.codecs.ends import as_reception
from semlink.codecs.representation import receiver_features

if TYPE_CHECKING:
    from semlink.codecs.image.model import ImageCodec


class PatchEnd(nn.Module):
    """An end whose slots in the frame are numbers here, and not computed in the graph, which could not be exported."""

    def __init__(self, codec: "ImageCodec") -> None:
        super().__init__()
        self.codec, self.slots = codec, codec.sent_slots().tolist()

    def all_used(self, batch: int) -> Tensor:
        """The mask of so many images: bool [batch, uses]."""
        return torch.ones(batch, len(self.slots), dtype=torch.bool)


class PatchSender(PatchEnd):
    """See `ImageSender`."""

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        mean, _ = self.codec.channel_encoder(self.codec.patch_features(image))
        frame = self.codec.modulate(mean.flatten(1, 2)[:, self.slots], self.all_used(image.shape[0]))
        return torch.view_as_real(frame.symbols), frame.mask


class PatchReceiver(PatchEnd):
    """See `ImageReceiver`."""

    def forward(self, symbols: Tensor, noise_variance: Tensor, used: Tensor) -> tuple[Tensor]:
        codec, config = self.codec, self.codec.config
        features = receiver_features(as_reception(symbols, noise_variance, used))
        use_of_slot = {slot: use for use, slot in enumerate(self.slots)}
        silent = functional.pad(features, (0, 0, 0, 1))  # a slot that no patch has used is the last, which is 0
        uses = [use_of_slot.get(slot, len(use_of_slot)) for slot in range(config.patches * codec.slots)]
        slots = silent[:, uses]
        received = codec.channel_decoder(slots.unflatten(1, (config.patches, codec.slots)).flatten(2))
        patches = codec.patch_output(codec.semantic_decoder(received)).sigmoid().transpose(1, 2)
        return (functional.pixel_shuffle(patches.unflatten(2, config.grid), config.patch),)
