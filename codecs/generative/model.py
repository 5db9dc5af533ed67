"""Codecs whose receiver is the generator of a GAN: a link, and a plain GAN that is sent nothing."""

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from semlink.channels.contract import Frame, Reception
from semlink.channels.power import normalise_power
from semlink.codecs.contract import Trait
from semlink.codecs.ends import CodecEnds
from semlink.codecs.generative.configuration import GanConfig, GenerativeConfig
from semlink.codecs.generative.networks import Discriminator, Encoder, Generator, condition_of
from semlink.codecs.image_ends import ImageEnds
from semlink.codecs.pixels import check_uses
from semlink.codecs.posterior import Posterior
from semlink.codecs.prediction import Pixels
from semlink.codecs.representation import Spread, posterior, receiver_features
from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.task.labelled_image_codec import LabelledImageCodec
from semlink.seeding import generator_for


class Adversarial(LabelledImageCodec):
    """What a link and a plain GAN share: generator, discriminator, and the game of the two.

    The discriminator is only of use in training and unlearning; it belongs to neither end of the link.
    """

    config: GanConfig
    generator: Generator
    discriminator: Discriminator

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """Images float32 [n, channels, height, width] in 0..1.

        In: latent float32 [n, uses, 2]; labels as `condition_of` takes them.
        """
        images: Tensor = self.generator(latent, self._condition(labels, latent))
        return images

    def scores(self, images: Tensor, labels: Tensor | None) -> Tensor:
        """The discriminator's scores of images as images of their classes: float32 [n], 1 for real, 0 for generated."""
        scores: Tensor = self.discriminator(images, self._condition(labels, images))
        return scores

    def prior(self, count: int, generator: torch.Generator) -> Tensor:
        """Latents as training knows them: N(0, I), normalised to unit energy. float32 [count, uses, 2]."""
        drawn = torch.randn(count, self.config.uses, 2, generator=generator, device=generator.device)
        mask = torch.ones(drawn.shape[:2], dtype=torch.bool, device=generator.device)
        return torch.view_as_real(normalise_power(torch.view_as_complex(drawn), mask))

    def generator_parts(self) -> tuple[nn.Module, ...]:
        """The modules that make images."""
        return (self.generator,)

    def discriminator_parts(self) -> tuple[nn.Module, ...]:
        """The modules that judge them."""
        return (self.discriminator,)

    @abstractmethod
    def player_losses(
        self, batch: LabelledImages, reception: Reception, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The loss of those who make images and that of the discriminator, one number each.

        Neither moves the other's parameters.
        """

    def objective(self, batch: LabelledImages, reception: Reception, generator: torch.Generator) -> Tensor:
        maker, judge = self.player_losses(batch, reception, generator)
        return maker + judge

    def predict(self, batch: LabelledImages, reception: Reception) -> Pixels:
        return Pixels(self.decode(reception).images)

    @abstractmethod
    def decode(self, reception: Reception) -> LabelledImages: ...

    def judge_loss(self, real: LabelledImages, made: Tensor) -> Tensor:
        """mean ((D(x) - 1)^2 + D(made)^2) / 2, which moves the discriminator alone."""
        genuine = self.scores(real.images, real.labels)
        return ((genuine - 1).square().mean() + self.scores(made.detach(), real.labels).square().mean()) / 2

    def verdict(self, made: Tensor, labels: Tensor) -> Tensor:
        """mean (D(made) - 1)^2, which moves whoever made the images alone."""
        held = {name: parameter.detach() for name, parameter in self.discriminator.named_parameters()}
        scores: Tensor = functional_call(self.discriminator, held, (made, self._condition(labels, made)))
        return (scores - 1).square().mean()

    def _condition(self, labels: Tensor | None, like: Tensor) -> Tensor:
        known = labels if self.config.conditional else None
        return condition_of(known, len(like), self.config.classes, like.device)


class Gan(Adversarial):
    """A generative adversarial network. Nothing of the records is sent: latents are noise.

    Its representation is q(z|x) = N(0, I). It has no reconstruction, so the loss of a record is the error of the
    discriminator's score, (D(x) - 1)^2: an attacker uses it to infer whether a record was in the training.

    Source: Goodfellow et al., Generative Adversarial Nets, 2014; Mirza and Osindero, Conditional GANs, 2014.
    """

    traits: ClassVar[frozenset[Trait]] = frozenset({"adversary"})
    config_class = GanConfig

    def __init__(self, config: GanConfig) -> None:
        super().__init__(config)
        self.generator, self.discriminator = Generator(config), Discriminator(config)
        self.post_init()

    @property
    def sender(self) -> tuple[nn.Module, ...]:
        return ()

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        return (self.generator,)

    def represent(self, batch: LabelledImages) -> Posterior:
        nothing = batch.images.new_zeros(len(batch), self.config.uses, 2)
        mask = torch.ones(nothing.shape[:2], dtype=torch.bool, device=nothing.device)
        return Posterior(nothing, torch.zeros_like(nothing), mask, sampled=True)

    def encode(self, batch: LabelledImages, generator: torch.Generator | None = None) -> Frame:
        """Without a generator always the same latent, since the mean of the prior has no energy."""
        if generator is None:
            latent = self.prior(1, generator_for("latent", device=batch.images.device)).expand(len(batch), -1, -1)
        else:
            latent = self.prior(len(batch), generator)
        mask = torch.ones(latent.shape[:2], dtype=torch.bool, device=latent.device)
        return self.modulate(latent, mask)

    def decode(self, reception: Reception) -> LabelledImages:
        check_uses(reception, self.config.uses)
        return self.batch_of(self.generate(torch.view_as_real(reception.symbols), None))

    def element_losses(self, batch: LabelledImages, reception: Reception) -> tuple[Tensor, Tensor]:
        losses = (self.scores(batch.images, batch.labels) - 1).square().unsqueeze(1)
        return losses, torch.ones_like(losses, dtype=torch.bool)

    def player_losses(
        self, batch: LabelledImages, reception: Reception, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        made = self.generate(torch.view_as_real(reception.symbols), batch.labels)
        return self.verdict(made, batch.labels), self.judge_loss(batch, made)

    def mislabel(self, batch: LabelledImages, generator: torch.Generator) -> LabelledImages:
        """Each image as one of another class."""
        size, device = batch.labels.shape, batch.labels.device
        further = torch.randint(1, self.config.classes, size, generator=generator, device=device)
        return replace(batch, labels=(batch.labels + further) % self.config.classes)


class GenerativeCodec(Adversarial):
    """A link whose receiver is a generator: what it makes of the symbols has to look real as well as right.

    The sender's encoder replaces the prior. Sender and receiver lower reconstruction_weight * squared error +
    adversarial_weight * mean (D(received) - 1)^2. With `conditional` the receiver first infers the class from the
    symbols (and learns that by cross-entropy), so that it gets no information without the channel.

    Loss: mean squared error of a pixel.
    Source: the receiver as a GAN after Erdemir et al., Generative Joint Source-Channel Coding for Semantic Image
            Transmission, 2023. Differs: trained from scratch, with small networks.
    """

    traits: ClassVar[frozenset[Trait]] = frozenset({"link", "reconstruction", "adversary"})
    config_class = GenerativeConfig
    config: GenerativeConfig

    def __init__(self, config: GenerativeConfig) -> None:
        super().__init__(config)
        self.encoder = Encoder(config)
        self.spread = Spread(2 * config.uses, 2 * config.uses) if config.variational else None
        self.class_scores = nn.Linear(3 * config.uses, config.classes) if config.conditional else None
        self.channel_decoder = nn.Linear(3 * config.uses, 2 * config.uses)
        self.generator, self.discriminator = Generator(config), Discriminator(config)
        self.post_init()

    @property
    def sender(self) -> tuple[nn.Module, ...]:
        return (self.encoder, *((self.spread,) if self.spread is not None else ()))

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        inferring = (self.class_scores,) if self.class_scores is not None else ()
        return (*inferring, self.channel_decoder, self.generator)

    def generator_parts(self) -> tuple[nn.Module, ...]:
        return (self.channel_decoder, self.generator)

    def export_ends(self) -> CodecEnds:
        return ImageEnds(self)

    def represent(self, batch: LabelledImages) -> Posterior:
        values = self.encoder(batch.images)
        shape = (len(batch), self.config.uses, 2)
        sigma = None if self.spread is None else functional.softplus(self.spread(values)).view(shape)
        mask = torch.ones(shape[:2], dtype=torch.bool, device=values.device)
        return posterior(values.view(shape), sigma, mask, self.config.representation_variance)

    def generate(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        """As if the latent had been received without noise."""
        clean = latent.new_zeros(len(latent), 1)
        mask = torch.ones(latent.shape[:2], dtype=torch.bool, device=latent.device)
        received = Reception(torch.view_as_complex(latent.contiguous()), clean, mask)
        return self._images(receiver_features(received).flatten(1), self._condition(labels, latent))

    def decode(self, reception: Reception) -> LabelledImages:
        images, inferred = self._received(reception)
        return self.batch_of(images) if inferred is None else LabelledImages(images, inferred.argmax(dim=1))

    def element_losses(self, batch: LabelledImages, reception: Reception) -> tuple[Tensor, Tensor]:
        losses = (self._received(reception)[0] - batch.images).square().flatten(1).mean(dim=1, keepdim=True)
        return losses, torch.ones_like(losses, dtype=torch.bool)

    def player_losses(
        self, batch: LabelledImages, reception: Reception, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        made, inferred = self._received(reception)
        maker = self.config.reconstruction_weight * functional.mse_loss(made, batch.images)
        maker = maker + self.config.adversarial_weight * self.verdict(made, batch.labels)
        if inferred is not None:
            missed = functional.cross_entropy(inferred, batch.labels, ignore_index=-1, reduction="sum")
            maker = maker + missed / (batch.labels >= 0).sum().clamp_min(1)
        return maker, self.judge_loss(batch, made)

    def mislabel(self, batch: LabelledImages, generator: torch.Generator) -> LabelledImages:
        """The images change places, each with its class."""
        return batch[torch.randperm(len(batch), generator=generator, device=batch.images.device)]

    def _received(self, reception: Reception) -> tuple[Tensor, Tensor | None]:
        """Images, and the scores of the classes that the receiver infers, where it does."""
        check_uses(reception, self.config.uses)
        features = receiver_features(reception).flatten(1)
        inferred = None if self.class_scores is None else self.class_scores(features)
        condition = None if inferred is None else inferred.softmax(dim=1)
        return self._images(features, self._condition(condition, features)), inferred

    def _images(self, features: Tensor, condition: Tensor) -> Tensor:
        latent = self.channel_decoder(features).view(len(features), self.config.uses, 2)
        images: Tensor = self.generator(latent, condition)
        return images
