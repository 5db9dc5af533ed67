"""What a receiver believes before it decides, and how far two receivers' beliefs lie apart."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

from torch import Tensor
from torch.nn import functional

IMPOSSIBLE = -1e4  # the score of what cannot be said; with -inf its gradient is no number


class Prediction(ABC):
    """The beliefs of a receiver about each example of a batch."""

    @abstractmethod
    def divergence(self, other: Self, temperature: float = 1.0) -> Tensor:
        """The distance of `other`, in the unit of the codec's loss: float32 [batch], 0 where they are equal."""


@dataclass(frozen=True)
class Choices(Prediction):
    """One of several answers for each element: words of a sentence, or the class of an image.

    scores: before the softmax, float32 [elements that there are, answers]. there: bool [batch, elements].
    """

    scores: Tensor
    there: Tensor

    def divergence(self, other: "Choices", temperature: float = 1.0) -> Tensor:
        """KL(self || other) in nats, mean over the elements of each example, of scores / temperature, times its square.

        Source: Hinton, Vinyals and Dean, Distilling the ChannelEstimate in a Neural Network, 2015, for the square.
        """
        mine, others = (
            (prediction.scores.clamp_min(IMPOSSIBLE) / temperature).log_softmax(dim=-1) for prediction in (self, other)
        )
        each = functional.kl_div(others, mine, reduction="none", log_target=True).sum(dim=-1) * temperature**2
        placed = each.new_zeros(self.there.shape).masked_scatter(self.there, each)
        return placed.sum(dim=1) / self.there.sum(dim=1)


@dataclass(frozen=True)
class Pixels(Prediction):
    """Images: the means of Gaussians of one variance, so that a divergence is a squared error.

    images: float32 [batch, channels, height, width].
    """

    images: Tensor

    def divergence(self, other: "Pixels", temperature: float = 1.0) -> Tensor:
        """Mean squared difference of each image, in which a temperature has no meaning."""
        return (self.images - other.images).square().flatten(1).mean(dim=1)
