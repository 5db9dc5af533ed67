"""The task codec: an image becomes symbols, symbols become beliefs about its class."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.channels.contract import Reception
from semlink.codecs.pixels import check_uses
from semlink.codecs.posterior import Posterior
from semlink.codecs.representation import Spread, posterior, receiver_features
from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.task.configuration import TaskCodecConfig
from semlink.codecs.task.encoders import ENCODERS
from semlink.codecs.task.inferring import InferringCodec


class TaskCodec(InferringCodec):
    """The sender sends what matters for the class of an image; the receiver infers it and rebuilds nothing.

    An encoder gives 2 * uses values, which one channel use each carries in pairs; normalised to unit energy for each
    image, they lie on a sphere. The receiver knows the noise variance; a hidden layer and a linear one give the
    scores.

    Source: inference at the receiver after Shao, Mao and Zhang, Learning Task-Oriented Communication for Edge
            Inference, 2022; a linear layer on the ReLU of a normalised vector of 128 values after the official code of
            Lee et al., Contrastive Unlearning, 2024.
    Differs: from the latter, a hidden layer of the receiver comes first, since a channel lies between.
    """

    config_class = TaskCodecConfig

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
    def sender(self) -> tuple[nn.Module, ...]:
        return (self.encoder, self.mean, *((self.spread,) if self.spread is not None else ()))

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        return (self.classifier,)

    def represent(self, batch: LabelledImages) -> Posterior:
        features = self.encoder(batch.images - 0.5)
        shape = (len(batch), self.config.uses, 2)
        sigma = None if self.spread is None else functional.softplus(self.spread(features)).view(shape)
        mask = torch.ones(shape[:2], dtype=torch.bool, device=features.device)
        return posterior(self.mean(features).view(shape), sigma, mask, self.config.representation_variance)

    def scores(self, reception: Reception) -> Tensor:
        check_uses(reception, self.config.uses)
        scores: Tensor = self.classifier(receiver_features(reception).flatten(1))
        return scores
