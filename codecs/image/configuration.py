"""What a user can choose about the image codec."""

from typing import Any

from semlink.codecs.backbone import BackboneConfig
from semlink.codecs.configuration import PixelCodecConfig
from semlink.errors import WrongField


class ImageCodecConfig(PixelCodecConfig, BackboneConfig):
    """Configuration of `ImageCodec`.

    patch:           side of the square patches that become tokens; it divides height and width.
    bandwidth_ratio: rounded to whole channel uses, at least one.
    A backbone brings its own semantic encoder: encoder_layers is then not for choice.
    The others: see `PixelCodecConfig`, `BackboneConfig`, `TransformerCodecConfig` and `CodecConfig`.
    """

    model_type = "semlink-image"

    patch: int = 2
    d_model: int = 64
    feed_forward: int = 128
    encoder_layers: int = 1

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.height % self.patch or self.width % self.patch:
            raise WrongField(
                f"A codec needs a patch that divides the {self.height} x {self.width} images, not patch={self.patch}."
            )

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches of an image."""
        return self.height // self.patch, self.width // self.patch

    @property
    def patches(self) -> int:
        """Patches of an image."""
        return self.grid[0] * self.grid[1]

    @property
    def uses(self) -> int:
        """Channel uses of an image."""
        return max(1, round(self.bandwidth_ratio * self.height * self.width * self.channels))
