"""What a user can choose about the task codec."""

from typing import Any, Literal

from semlink.codecs.configuration import ImageSizeConfig
from semlink.errors import WrongField


class TaskCodecConfig(ImageSizeConfig):
    """Configuration of `TaskCodec`.

    encoder:         "mlp" (one hidden layer), "conv" (two convolutions), "resnet18" or "vit".
    uses:            complex channel uses of an image; the representation has 2 * uses real values.
    classes:         that the receiver tells apart; by default those of the source.
    hidden:          units of the hidden layer of an mlp.
    activation:      of that layer.
    filters:         of the first convolution of conv and resnet18; ResNet-18 has 64 as published.
    patch:           side of the square patches that become tokens of a vit; it divides height and width.
    d_model, heads:  width of the layers of a vit, and their attention heads, which divide it.
    encoder_layers:  of a vit.
    receiver_hidden: units of the hidden layer of the receiver.
    The others: see `ImageSizeConfig` and `CodecConfig`.
    Errors: WrongField when patch or heads of a vit divide nothing, a resnet18 has fewer than 8 filters, or there are
            fewer than two classes.
    """

    model_type = "semlink-task"

    encoder: Literal["mlp", "conv", "resnet18", "vit"] = "conv"
    uses: int = 64
    classes: int = 10
    hidden: int = 1000
    activation: Literal["relu", "sigmoid"] = "relu"
    filters: int = 32
    patch: int = 4
    d_model: int = 64
    heads: int = 4
    encoder_layers: int = 2
    receiver_hidden: int = 128

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.classes < 2:
            raise WrongField(f"A task codec tells at least two classes apart, not classes={self.classes}.")
        if (
            self.encoder == "resnet18" and self.filters < 8
        ):  # oneDNN, issue 6035: its AVX2 gradient writes out of bounds
            raise WrongField(f"A resnet18 needs at least 8 filters, not filters={self.filters}.")
        if self.encoder == "vit" and (self.height % self.patch or self.width % self.patch):
            raise WrongField(
                f"A vit needs a patch that divides the {self.height} x {self.width} images, not patch={self.patch}."
            )
        if self.encoder == "vit" and self.d_model % self.heads:
            raise WrongField(f"A vit needs heads that divide d_model={self.d_model}, not heads={self.heads}.")
