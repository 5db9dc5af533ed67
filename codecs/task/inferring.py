"""What codecs share whose receiver infers the class of an image."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.codecs.contract import Delivered, Modality, NeuralCodec, Trait
from semlink.codecs.pixels import pixels_of
from semlink.codecs.prediction import Choices
from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.task.configuration import TaskCodecConfig
from semlink.errors import CodecError


class InferringCodec(NeuralCodec[LabelledImages]):
    """A codec of labelled images of one size. Loss: cross-entropy in nats, one element an image."""

    modality: ClassVar[Modality] = "image"
    traits: ClassVar[frozenset[Trait]] = frozenset({"link", "classes"})
    config: TaskCodecConfig

    @abstractmethod
    def scores(self, reception: Reception) -> Tensor:
        """Of each class, before the softmax: float32 [batch, classes]. Errors: CodecError for a frame of another codec."""

    @property
    def delivers(self) -> Delivered:
        return "class"

    def prepare(self, payloads: Sequence[NDArray[np.uint8]]) -> LabelledImages:
        images = pixels_of(payloads, self.config.height, self.config.width, self.config.channels)
        return LabelledImages(images, torch.full((len(images),), -1))

    def labelled(self, batch: LabelledImages, labels: Tensor) -> LabelledImages:
        return replace(batch, labels=labels.to(batch.images.device))

    def decode(self, reception: Reception) -> Tensor:
        """Log-probabilities of the classes, float32 [batch, classes]."""
        return self.scores(reception).log_softmax(dim=1)

    def element_losses(self, batch: LabelledImages, reception: Reception) -> tuple[Tensor, Tensor]:
        self._check_labels(batch)
        losses = functional.cross_entropy(self.scores(reception), batch.labels, reduction="none").unsqueeze(1)
        return losses, torch.ones_like(losses, dtype=torch.bool)

    def predict(self, batch: LabelledImages, reception: Reception) -> Choices:
        scores = self.scores(reception)
        return Choices(scores, torch.ones(len(scores), 1, dtype=torch.bool, device=scores.device))

    def mislabel(self, batch: LabelledImages, generator: torch.Generator) -> LabelledImages:
        """Each image gets one of the other classes, all with the same probability."""
        self._check_labels(batch)
        classes, size = self.config.classes, batch.labels.shape
        further = torch.randint(1, classes, size, generator=generator, device=batch.labels.device)
        return replace(batch, labels=(batch.labels + further) % classes)

    def embed(self, latent: Tensor, mask: Tensor) -> Tensor:
        return (latent * mask.unsqueeze(-1)).flatten(1)

    def as_metric_input(self, batch: Tensor) -> Tensor:
        return batch

    def reference(self, payloads: Sequence[NDArray[np.uint8]]) -> Tensor:
        return self.prepare(payloads).images

    def channel_uses(self, batch: LabelledImages) -> Tensor:
        return torch.full((len(batch),), self.config.uses, device=batch.images.device)

    def sized(self, shape: tuple[int, ...]) -> Self:
        own = self.config.height, self.config.width, self.config.channels
        if (*shape, 1)[:3] != own:
            raise CodecError(
                f"A payload of shape {shape} does not fit this codec, whose receiver infers classes of images of shape "
                f"{own if own[2] > 1 else own[:2]}; give such images, or train a codec on yours."
            )
        return self

    def _check_labels(self, batch: LabelledImages) -> None:
        classes = self.config.classes
        wrong = (batch.labels < 0) | (batch.labels >= classes)
        if wrong.any():
            label = int(batch.labels[wrong][0])
            have = "have no class" if label < 0 else f"are of class {label}, and this codec knows {classes}"
            raise CodecError(f"Some records {have}; use a source whose records have classes below {classes}.")
