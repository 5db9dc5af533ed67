"""The task codec: an image becomes symbols, symbols become beliefs about its class."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.codecs.contract import Delivered, Modality, NeuralCodec, Trait
from semlink.codecs.pixels import check_uses, pixels_of
from semlink.codecs.posterior import Posterior
from semlink.codecs.prediction import Choices
from semlink.codecs.representation import Spread, posterior, receiver_features
from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.task.configuration import TaskCodecConfig
from semlink.codecs.task.encoders import ENCODERS
from semlink.errors import CodecError


class TaskCodec(NeuralCodec[LabelledImages]):
    """The sender sends what matters for the class of an image; the receiver infers it and rebuilds nothing.

    An encoder gives 2 * uses values, which one channel use each carries in pairs; normalised to unit energy for each
    image, they lie on a sphere. The receiver is told the noise variance; a hidden layer and a linear one give the scores.
    Loss: cross-entropy in nats, one element an image.

    Source: inference at the receiver after Shao, Mao and Zhang, Learning Task-Oriented Communication for Edge
            Inference, 2022; a linear layer on the ReLU of a normalised vector of 128 values after the official code of
            Lee et al., Contrastive Unlearning, 2024.
    Differs: from the latter, a hidden layer of the receiver comes first, since a channel lies between.
    """

    modality: ClassVar[Modality] = "image"
    traits: ClassVar[frozenset[Trait]] = frozenset({"link", "classes"})
    config_class = TaskCodecConfig
    config: TaskCodecConfig

    def __init__(self, config: TaskCodecConfig) -> None:
        super().__init__(config)
        reals = 2 * config.uses
        self.encoder, features = ENCODERS[config.encoder](config)
        self.mean = nn.Linear(features, reals)
        self.spread = Spread(features, reals) if config.variational else None
        self.classifier = nn.Sequential(
            nn.Linear(3 * config.uses, config.receiver_hidden),
            nn.ReLU(),
            nn.Linear(config.receiver_hidden, config.classes),
        )
        self.post_init()

    @property
    def delivers(self) -> Delivered:
        return "class"

    @property
    def sender(self) -> tuple[nn.Module, ...]:
        return (self.encoder, self.mean, *((self.spread,) if self.spread is not None else ()))

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        return (self.classifier,)

    def prepare(self, payloads: Sequence[NDArray[np.uint8]]) -> LabelledImages:
        images = pixels_of(payloads, self.config.height, self.config.width, self.config.channels)
        return LabelledImages(images, torch.full((len(images),), -1))

    def labelled(self, batch: LabelledImages, labels: Tensor) -> LabelledImages:
        return replace(batch, labels=labels.to(batch.images.device))

    def represent(self, batch: LabelledImages) -> Posterior:
        features = self.encoder(batch.images - 0.5)
        shape = (len(batch), self.config.uses, 2)
        sigma = None if self.spread is None else functional.softplus(self.spread(features)).view(shape)
        mask = torch.ones(shape[:2], dtype=torch.bool, device=features.device)
        return posterior(self.mean(features).view(shape), sigma, mask, self.config.representation_variance)

    def decode(self, reception: Reception) -> Tensor:
        """Log-probabilities of the classes, float32 [batch, classes]."""
        return self._scores(reception).log_softmax(dim=1)

    def element_losses(self, batch: LabelledImages, reception: Reception) -> tuple[Tensor, Tensor]:
        self._check_labels(batch)
        losses = functional.cross_entropy(self._scores(reception), batch.labels, reduction="none").unsqueeze(1)
        return losses, torch.ones_like(losses, dtype=torch.bool)

    def predict(self, batch: LabelledImages, reception: Reception) -> Choices:
        scores = self._scores(reception)
        return Choices(scores, torch.ones(len(scores), 1, dtype=torch.bool, device=scores.device))

    def mislabel(self, batch: LabelledImages, generator: torch.Generator) -> LabelledImages:
        """Each image gets one of the other classes, all with the same probability."""
        self._check_labels(batch)
        classes, size = self.config.classes, batch.labels.shape
        further = torch.randint(1, classes, size, generator=generator, device=batch.labels.device)
        return replace(batch, labels=(batch.labels + further) % classes)

    def embed(self, latent: Tensor, mask: Tensor) -> Tensor:
        return (latent * mask.unsqueeze(-1)).flatten(1)

    def restore(self, batch: Tensor) -> Tensor:
        return batch

    def view(self, payloads: Sequence[NDArray[np.uint8]]) -> Tensor:
        return self.prepare(payloads).images

    def channel_uses(self, batch: LabelledImages) -> Tensor:
        return torch.full((len(batch),), self.config.uses, device=batch.images.device)

    def sized(self, shape: tuple[int, ...]) -> "TaskCodec":
        own = self.config.height, self.config.width, self.config.channels
        if (*shape, 1)[:3] != own:
            raise CodecError(
                f"A payload of shape {shape} does not fit this codec, whose receiver infers classes of images of shape "
                f"{own if own[2] > 1 else own[:2]}; give such images, or train a codec on yours."
            )
        return self

    def _scores(self, reception: Reception) -> Tensor:
        check_uses(reception, self.config.uses)
        scores: Tensor = self.classifier(receiver_features(reception).flatten(1))
        return scores

    def _check_labels(self, batch: LabelledImages) -> None:
        classes = self.config.classes
        wrong = (batch.labels < 0) | (batch.labels >= classes)
        if wrong.any():
            label = int(batch.labels[wrong][0])
            have = "have no class" if label < 0 else f"are of class {label}, and this codec knows {classes}"
            raise CodecError(f"Some records {have}; use a source whose records have classes below {classes}.")
