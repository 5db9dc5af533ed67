"""What a user can choose about DeepJSCC."""

import math
from fractions import Fraction
from typing import Any

from semlink.codecs.configuration import PixelCodecConfig
from semlink.errors import WrongField

STRIDE = 4  # pixels between two places of the latent: a place stands for a block of 4 x 4 pixels
TOLERANCE = 0.02  # by how much a written ratio such as 0.0833 may miss a whole number of filters


class DeepJsccConfig(PixelCodecConfig):
    """Configuration of `DeepJscc`.

    bandwidth_ratio: one complex filter sends one channel use for each 4 x 4 pixels, so the ratio is a multiple of
                     1 / (16 * channels), as 1/12 and 1/6 are for colour. Images whose sides are no multiple of 4
                     are continued to one, which costs the channel uses of what is added.
    adaptive:        whether the receiver knows the noise variance, so that one codec serves a range of SNRs.
                     Without it the receiver is the published one, for the SNR of its training.
    The others: see `PixelCodecConfig` and `CodecConfig`.
    Errors: WrongField for a ratio in between, which names the nearest.
    """

    model_type = "semlink-deepjscc"

    adaptive: bool = False

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        wanted = self.bandwidth_ratio * STRIDE**2 * self.channels
        if abs(wanted - round(wanted)) > TOLERANCE or self.filters < 1:
            near = sorted({max(1, math.floor(wanted)), max(1, math.ceil(wanted))})
            ratios = " or ".join(str(Fraction(filters, STRIDE**2 * self.channels)) for filters in near)
            raise WrongField(
                f"DeepJSCC needs a bandwidth_ratio that makes whole filters, not {self.bandwidth_ratio}; "
                f"the nearest for images with {self.channels} channel(s): {ratios}."
            )

    @property
    def filters(self) -> int:
        """Complex filters of the last layer of the encoder: channel uses of a block of 4 x 4 pixels."""
        return round(self.bandwidth_ratio * STRIDE**2 * self.channels)

    @property
    def places(self) -> tuple[int, int]:
        """Rows and columns of the latent."""
        return math.ceil(self.height / STRIDE), math.ceil(self.width / STRIDE)

    @property
    def uses(self) -> int:
        """Channel uses of an image."""
        return self.filters * math.prod(self.places)
