"""What neural codecs let a user choose. A configuration travels with the weights as config.json."""

import inspect
import math
from abc import abstractmethod
from typing import Any

from transformers import PreTrainedConfig

from semlink.errors import WrongField
from semlink.registry import check_fields
from semlink.untrusted import shown

LARGEST = {
    "encoder_layers": 256, "decoder_layers": 256, "shards": 1024, "heads": 1024, "beams": 1024, "max_length": 1 << 16,
    "height": 1 << 14, "width": 1 << 14, "channels": 1024, "vocabulary_size": 1 << 24,
}  # fmt: skip
LARGEST_WHOLE, LARGEST_REAL, LARGEST_IMAGE = 1 << 20, 1e6, 1 << 28  # of other fields; of samples in an image
LETTERS_MOST = 4096  # of a text, such as the folder of a backbone


class CodecConfig(PreTrainedConfig):
    """The fields that every neural codec has.

    variational:             whether the encoder learns the variance of what it sends, and sends a sample.
    representation_variance: the fixed variance per real dimension of a codec that is not variational, for
                             divergences between representations (half of it is its power, which is 0.5).
    Errors: WrongField when a value has the wrong type or makes no sense.
    """

    variational: bool = False
    representation_variance: float = 0.05

    def __post_init__(self, **kwargs: Any) -> None:  # transformers hands over the keys of config.json that are its own
        values = {field: getattr(self, field) for field in self.own_fields()}
        for field, value in check_fields("codec", self.model_type, type(self), values).items():
            setattr(self, field, value)
            self.check_range(field, value)
        super().__post_init__(**kwargs)

    @classmethod
    def check_range(cls, field: str, value: object) -> None:
        """Errors: WrongField when a value of the right type makes no sense."""
        if isinstance(value, float) and not (math.isfinite(value) and value > 0):
            raise WrongField(f"A codec needs {field} above 0, not {value}.")
        if isinstance(value, int) and not isinstance(value, bool) and value < 1:
            raise WrongField(f"A codec needs {field} of at least 1, not {shown(value)}.")
        if isinstance(value, str) and len(value) > LETTERS_MOST:
            raise WrongField(f"A codec takes {field} of at most {LETTERS_MOST} characters, not {shown(value)}.")
        most = LARGEST.get(field, LARGEST_WHOLE) if isinstance(value, int) else LARGEST_REAL
        if isinstance(value, int | float) and value > most:
            raise WrongField(f"A codec takes {field} of at most {most:g}, not {shown(value)}.")

    @classmethod
    def own_fields(cls) -> dict[str, tuple[Any, object]]:
        """Name, type and default of each field of a codec; transformers adds further fields to every configuration."""
        ours = [base for base in cls.__mro__ if issubclass(base, CodecConfig)]
        types = {field: kind for base in ours for field, kind in inspect.get_annotations(base).items()}
        return {field: (kind, getattr(cls, field)) for field, kind in types.items()}


class TransformerCodecConfig(CodecConfig):
    """The fields that codecs made of transformer layers have beside those of `CodecConfig`.

    d_model, heads, feed_forward:   width of the transformer layers, their attention heads, and their hidden width.
    encoder_layers, decoder_layers: how many of them the sender and the receiver have.
    Errors: WrongField when heads do not divide d_model.
    """

    d_model: int = 128
    heads: int = 4
    feed_forward: int = 512
    encoder_layers: int = 2
    decoder_layers: int = 2

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.d_model % self.heads:
            raise WrongField(f"A codec needs heads that divide d_model={self.d_model}, not heads={self.heads}.")


class ImageSizeConfig(CodecConfig):
    """The fields that codecs of images have beside those of `CodecConfig`.

    height, width, channels: of every image; by default those of the training images.
    """

    height: int = 8
    width: int = 8
    channels: int = 1

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.height * self.width * self.channels > LARGEST_IMAGE:
            raise WrongField(f"A codec takes images of at most {LARGEST_IMAGE} samples; give smaller ones.")


class PixelCodecConfig(ImageSizeConfig):
    """The field that codecs which rebuild images have beside those of `ImageSizeConfig`.

    bandwidth_ratio: complex channel uses / (height * width * channels).
    """

    bandwidth_ratio: float = 0.5

    @property
    @abstractmethod
    def uses(self) -> int:
        """Channel uses of an image."""
