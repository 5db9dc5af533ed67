"""ResNet-18 for small images."""

from torch import Tensor, nn
from torch.nn import functional

GROWTH, STRIDES = (1, 2, 4, 8), (1, 2, 2, 2)  # filters of each stage in multiples of the first; its first stride


class Block(nn.Module):
    """y = relu(F(x) + S(x)): F is two convolutions with batch normalisation, S the identity or a 1 x 1 convolution."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            *_convolution(before, after, 3, stride), nn.ReLU(), *_convolution(after, after, 3, 1)
        )
        unchanged = before == after and stride == 1
        self.shortcut = nn.Identity() if unchanged else nn.Sequential(*_convolution(before, after, 1, stride))

    def forward(self, maps: Tensor) -> Tensor:
        return functional.relu(self.residual(maps) + self.shortcut(maps))


class ResNet18(nn.Module):
    """Four stages of two blocks after one convolution of 3 x 3 pixels, and the mean over all places.

    In: images float32 [batch, channels, height, width]. Out: float32 [batch, 8 * filters].

    While it learns, batch normalisation makes the features of an image depend on its company; in evaluation mode its
    running averages replace that of the batch.
    Source:  He et al., Deep Residual Learning for Image Recognition, 2016.
    Differs: no 7 x 7 convolution with stride and no pooling at the beginning, as usual for images of 32 x 32 pixels.
    """

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [*_convolution(channels, filters, 3, 1), nn.ReLU()]
        before = filters
        for growth, stride in zip(GROWTH, STRIDES, strict=True):
            layers += [Block(before, growth * filters, stride), Block(growth * filters, growth * filters, 1)]
            before = growth * filters
        self.layers = nn.Sequential(*layers)
        self.features = before

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.layers(images).mean(dim=(2, 3))
        return features


def _convolution(before: int, after: int, side: int, stride: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(before, after, side, stride, side // 2, bias=False), nn.BatchNorm2d(after)
