"""The loss of an unlearning step of a GAN: fake labels for the discriminator, substitutes for the generator."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from semlink.unlearning.methods.fake_label import FakeLabel
from semlink.unlearning.methods.substitute import Substitute


@dataclass(frozen=True)
class UnlearningLoss:
    """L_D + L_G, each such that it moves only that player's parameters.

    L_D = mean (D(x_e) - fake)^2
    L_G = substitute_weight * mean (G(z_e + noise, y_e) - x_s)^2 + adversarial_weight * mean (D(G(z_e + noise, y_e)) - 1)^2

    label: None where the discriminator does not unlearn. substitute: None where the generator does not.
    noise: standard deviation of what is added to z_e, so that its neighbourhood follows. lessons: at most, a step.
    """

    label: FakeLabel | None
    substitute: Substitute | None
    substitute_weight: float
    adversarial_weight: float
    noise: float
    lessons: int

    def of(self, codec: Any, forget: Any, generator: torch.Generator) -> Tensor:
        """The loss on a batch of erased images: one number."""
        loss: Tensor = forget.images.new_zeros(())
        if self.label is not None:
            scores = codec.scores(forget.images, forget.labels)
            loss = loss + (scores - self.label.targets(codec, scores)).square().mean()
        if self.substitute is not None:
            lesson = self.substitute.draw(self.lessons, generator)
            noise = torch.randn(lesson.latent.shape, generator=generator, device=lesson.latent.device)
            images = codec.generate(lesson.latent + self.noise * noise, lesson.labels)
            loss = loss + self.substitute_weight * functional.mse_loss(images, lesson.images)
            with held(codec.discriminator_parts()):
                loss = loss + self.adversarial_weight * (codec.scores(images, lesson.labels) - 1).square().mean()
        return loss

    def samples(self, outer: int) -> int:
        """Records that labels and substitutes read in so many steps, beside the erased ones."""
        read = 0 if self.label is None else self.label.samples(outer)
        return read if self.substitute is None else read + self.substitute.samples


@contextmanager
def held(modules: Sequence[nn.Module]) -> Iterator[None]:
    """What is computed meanwhile gives the parameters of these modules no gradient, but passes it on."""
    parameters = [one for module in modules for one in module.parameters() if one.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    yield
    for parameter in parameters:
        parameter.requires_grad_(True)
