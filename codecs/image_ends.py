"""The exported ends of codecs of images, which deliver images or classes."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from semlink.channels.contract import Reception
from semlink.codecs.ends import (
    Argument,
    CodecEnds,
    End,
    RunEnd,
    as_decoder_inputs,
    as_reception,
    received_symbols,
    sent_symbols,
)

if TYPE_CHECKING:
    from semlink.codecs.image_size_codec import ImageSizeCodec


class ImageEnds(CodecEnds):
    """Encoder and decoder of a codec whose images all have the size in its configuration.

    sender, receiver: modules in place of those made of the codec's `encode` and `decode`, where these have no graph.
    """

    def __init__(
        self, codec: "ImageSizeCodec[Any]", sender: nn.Module | None = None, receiver: nn.Module | None = None
    ) -> None:
        self.codec = codec
        config: Any = codec.config
        image = Argument("image", "float32", ("batch", config.channels, config.height, config.width))
        if codec.delivers == "class":
            delivered = Argument("log_probabilities", "float32", ("batch", config.classes))
            meaning = "Natural logarithms of the probabilities of the classes; the estimate is the largest."
        else:
            delivered, meaning = Argument("estimate", "float32", image.shape), "The image, samples in 0..1."
        self.functions = {
            "encoder": End(
                ImageSender(codec) if sender is None else sender,
                (image,),
                sent_symbols(codec.uses),
                "The symbols, and which of them are sent: all.",
            ),
            "decoder": End(
                ImageReceiver(codec) if receiver is None else receiver,
                received_symbols(codec.uses),
                (delivered,),
                meaning,
            ),
        }

    def inputs(self, batch: Any) -> tuple[Tensor, ...]:
        return (self.codec.images_of(batch),)

    def estimate(self, reception: Reception, run: RunEnd) -> Any:
        (output,) = run("decoder", *as_decoder_inputs(reception))
        return output if self.codec.delivers == "class" else self.codec.batch_of(output)

    def elements(self, estimate: Any) -> Tensor:
        if self.codec.delivers == "class":
            classes: Tensor = estimate.argmax(dim=1, keepdim=True)
            return classes
        return (255 * self.codec.images_of(estimate)).round()

    def description(self, exported: Collection[str]) -> dict[str, Any]:
        config: Any = self.codec.config
        return {"image": {"height": config.height, "width": config.width, "channels": config.channels}}


class ImageSender(nn.Module):
    """Images float32 [batch, channels, height, width] to symbols float32 [batch, uses, 2] and their mask."""

    def __init__(self, codec: "ImageSizeCodec[Any]") -> None:
        super().__init__()
        self.codec = codec

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        frame = self.codec.encode(self.codec.batch_of(image))
        return torch.view_as_real(frame.symbols), frame.mask


class ImageReceiver(nn.Module):
    """Received symbols float32 [batch, uses, 2] to what the codec delivers: images, or log-probabilities of classes."""

    def __init__(self, codec: "ImageSizeCodec[Any]") -> None:
        super().__init__()
        self.codec = codec

    def forward(self, symbols: Tensor, noise_variance: Tensor, used: Tensor) -> tuple[Tensor]:
        estimate = self.codec.decode(as_reception(symbols, noise_variance, used))
        return (estimate if self.codec.delivers == "class" else self.codec.images_of(estimate),)
