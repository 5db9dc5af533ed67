"""What a user can choose about codecs that hold a discriminator."""

from typing import Any, Literal

from semlink.codecs.configuration import ImageSizeConfig
from semlink.errors import WrongField


class GanConfig(ImageSizeConfig):
    """Configuration of `Gan`.

    network:     "dcgan" (two convolutions at each end, for images of at least 4 x 4 pixels) or "mlp" (three hidden
                 layers of the generator, two of the discriminator).
    filters:     of the widest map of dcgan but one; it has twice as many at the next.
    hidden:      units of each hidden layer of mlp.
    uses:        complex channel uses of an image; of a `Gan`, which sends nothing, half the values of a latent.
    conditional: whether generator and discriminator have the class as an input.
    classes:     how many there are; by default those of the source.
    The others: see `ImageSizeConfig` and `CodecConfig`.
    Errors: WrongField when images are too small for the network, or there are fewer than two classes.
    """

    model_type = "semlink-gan"

    network: Literal["dcgan", "mlp"] = "dcgan"
    filters: int = 32
    hidden: int = 256
    uses: int = 16
    conditional: bool = True
    classes: int = 10

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.network == "dcgan" and min(self.height, self.width) < 4:
            raise WrongField(
                f"dcgan makes images of at least 4 x 4 pixels, not {self.height} x {self.width}; choose network=mlp."
            )
        if self.classes < 2:
            raise WrongField(f"A codec with a discriminator needs at least two classes, not classes={self.classes}.")


class GenerativeConfig(GanConfig):
    """Configuration of `GenerativeCodec`, a link.

    reconstruction_weight, adversarial_weight: of the squared error and of the discriminator's verdict in the objective
    of sender and receiver.
    The others: see `GanConfig`; `conditional` is off by default, since the receiver has to infer the class first.
    """

    model_type = "semlink-generative"

    conditional: bool = False
    reconstruction_weight: float = 10.0
    adversarial_weight: float = 0.1
