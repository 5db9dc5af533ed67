"""Networks that turn an image into features: the semantic encoders of the task codec."""

from collections.abc import Callable
from math import ceil

from torch import Tensor, nn
from torch.nn import functional

from semlink.codecs.task.configuration import TaskCodecConfig
from semlink.codecs.task.resnet import ResNet18
from semlink.codecs.transformer import Transformer

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}


class VisionTransformer(nn.Module):
    """Patches become tokens, transformer layers mix them, and their mean is the features of the image.

    In: images float32 [batch, channels, height, width]. Out: float32 [batch, d_model].
    Source:  Dosovitskiy et al., An Image is Worth 16x16 Words, 2021.
    Differs: the mean of all tokens instead of a token for the class.
    """

    def __init__(self, config: TaskCodecConfig) -> None:
        super().__init__()
        self.patch = config.patch
        patches = config.height * config.width // config.patch**2
        self.patch_embedding = nn.Linear(config.channels * config.patch**2, config.d_model)
        self.transformer = Transformer(config.encoder_layers, config.d_model, config.heads, 4 * config.d_model, patches)

    def forward(self, images: Tensor) -> Tensor:
        patches = functional.pixel_unshuffle(images, self.patch).flatten(2).transpose(1, 2)
        features: Tensor = self.transformer(self.patch_embedding(patches)).mean(dim=1)
        return features


def mlp(config: TaskCodecConfig) -> tuple[nn.Module, int]:
    """All pixels to one hidden layer."""
    pixels = config.height * config.width * config.channels
    layers = nn.Sequential(nn.Flatten(), nn.Linear(pixels, config.hidden), ACTIVATIONS[config.activation]())
    return layers, config.hidden


def conv(config: TaskCodecConfig) -> tuple[nn.Module, int]:
    """Two convolutions of 3 x 3 pixels, each of which halves the sides."""
    first, second = config.filters, 2 * config.filters
    layers = nn.Sequential(
        nn.Conv2d(config.channels, first, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(first, second, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )
    return layers, second * ceil(config.height / 4) * ceil(config.width / 4)


def resnet18(config: TaskCodecConfig) -> tuple[nn.Module, int]:
    """The residual network for small images."""
    network = ResNet18(config.channels, config.filters)
    return network, network.features


def vit(config: TaskCodecConfig) -> tuple[nn.Module, int]:
    """The vision transformer."""
    return VisionTransformer(config), config.d_model


ENCODERS: dict[str, Callable[[TaskCodecConfig], tuple[nn.Module, int]]] = {
    "mlp": mlp,
    "conv": conv,
    "resnet18": resnet18,
    "vit": vit,
}  # each gives a network, images float32 [batch, channels, height, width] to float32 [batch, features], and features
