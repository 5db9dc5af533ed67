"""What codecs share whose receiver infers the class of an image."""

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.codecs.contract import Delivered, Trait
from semlink.codecs.ends import CodecEnds
from semlink.codecs.image_ends import ImageEnds
from semlink.codecs.prediction import Choices
from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.task.configuration import TaskCodecConfig
from semlink.codecs.task.labelled_image_codec import LabelledImageCodec
from semlink.errors import CodecError


class InferringCodec(LabelledImageCodec):
    """A codec that delivers the class of an image. Loss: cross-entropy in nats, one element for each image."""

    traits: ClassVar[frozenset[Trait]] = frozenset({"link", "classes"})
    config: TaskCodecConfig

    @abstractmethod
    def scores(self, reception: Reception) -> Tensor:
        """Of each class, before the softmax: float32 [batch, classes].

        Errors: CodecError for a frame of another codec.
        """

    @property
    def delivers(self) -> Delivered:
        return "class"

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

    def export_ends(self) -> CodecEnds:
        return ImageEnds(self)

    def as_metric_input(self, batch: Tensor) -> Tensor:
        return batch

    def _check_labels(self, batch: LabelledImages) -> None:
        classes = self.config.classes
        wrong = (batch.labels < 0) | (batch.labels >= classes)
        if wrong.any():
            label = int(batch.labels[wrong][0])
            have = "have no class" if label < 0 else f"are of class {label}, and this codec knows {classes}"
            raise CodecError(f"Some records {have}; use a source whose records have classes below {classes}.")
