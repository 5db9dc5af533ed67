"""What is to be known of a foreign pair of ONNX files beside the files."""

import math
from typing import Any, Literal

from semlink.codecs.configuration import LARGEST_IMAGE, PixelCodecConfig
from semlink.errors import WrongField

PIXELS = {"0..1": (1.0, 0.0), "0..255": (255.0, 0.0), "-1..1": (2.0, -1.0)}  # factor and summand, from 0..1


class OnnxCodecConfig(PixelCodecConfig):
    """Configuration of `OnnxCodec`.

    latent:    the shape of what the sender gives for an image, without the axis of the batch; of each part, where it
               gives in-phase and quadrature parts apart.
    pairing:   which real values make a complex symbol: "pairs" (2i and 2i + 1 of all values in their order), "halves"
               (i of the first half and i of the second: in-phase parts first), or "separate" (two outputs).
    pixels:    the range of the samples in the files: 0..1, 0..255 or -1..1.
    layout:    "nchw" (channels first) or "nhwc" (channels last).
    noise:     what the receiver is told beside the symbols: "none", the "variance" of the complex noise as it stands on
               its own symbols, or the "snr-db" as its authors label it.
    amplitude: what the receiver's symbols are multiplied with: sqrt(2) where the original gives unit energy to each
               real value and not to each complex symbol.
    The others: see `PixelCodecConfig` and `CodecConfig`.
    Errors: WrongField when the latent makes no whole symbols, or others than the bandwidth ratio says.
    """

    model_type = "semlink-onnx"

    latent: tuple[int, ...] = (2, 4, 4)
    pairing: Literal["pairs", "halves", "separate"] = "pairs"
    pixels: Literal["0..1", "0..255", "-1..1"] = "0..1"
    layout: Literal["nchw", "nhwc"] = "nchw"
    noise: Literal["none", "variance", "snr-db"] = "none"
    amplitude: float = 1.0

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if not self.latent or min(self.latent) < 1 or len(self.latent) > 8 or math.prod(self.latent) > LARGEST_IMAGE:
            raise WrongField(f"A codec of ONNX files cannot have the latent {list(self.latent)[:8]}.")
        if self.pairing != "separate" and math.prod(self.latent) % 2:
            raise WrongField(
                f"The sender gives {math.prod(self.latent)} real values for an image, which make no complex symbols; "
                "export one that gives an even number."
            )
        if abs(self.bandwidth_ratio * self.height * self.width * self.channels - self.uses) > 0.5:
            raise WrongField("The bandwidth_ratio of a codec of ONNX files has to be that of its latent.")

    @property
    def uses(self) -> int:
        values = math.prod(self.latent)
        return values if self.pairing == "separate" else values // 2

    @property
    def image(self) -> tuple[int, int, int]:
        """The shape of an image in the files."""
        size = self.height, self.width
        return (self.channels, *size) if self.layout == "nchw" else (*size, self.channels)
