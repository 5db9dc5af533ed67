"""The loss of an unlearning step of a GAN: fake labels for the discriminator, substitutes for the generator."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from semlink.codecs.generative.model import Adversarial
from semlink.codecs.task.batch import LabelledImages
from semlink.unlearning.methods.cascaded.fake_label import FakeLabel
from semlink.unlearning.methods.cascaded.substitute import Substitute


@dataclass(frozen=True)
class UnlearningLoss:
    """L_D + L_G, each such that it moves only that player's parameters.

    L_D = mean (D(x_e) - fake)^2
    L_G = substitute_weight * mean (G(z_e, y_e) - x_s)^2 + adversarial_weight * mean (D(G(z_e, y_e)) - 1)^2

    label: None where the discriminator does not unlearn. substitute: None where the generator does not.
    inputs: of the generator that get a substitute, at most, a step.
    """

    label: FakeLabel | None
    substitute: Substitute | None
    substitute_weight: float
    adversarial_weight: float
    inputs: int

    def of(self, codec: Adversarial, forget: LabelledImages, generator: torch.Generator) -> Tensor:
        """The loss on a batch of erased images: one number."""
        loss = forget.images.new_zeros(())
        if self.label is not None:
            scores = codec.scores(forget.images, forget.labels)
            loss = loss + (scores - self.label.targets(codec, scores)).square().mean()
        if self.substitute is not None:
            batch = self.substitute.draw(codec, self.inputs, generator)
            loss = loss + self.substitute_weight * functional.mse_loss(batch.made, batch.wanted)
            loss = loss + self.adversarial_weight * codec.verdict(batch.made, batch.labels)
        return loss

    def samples(self, outer: int) -> int:
        """Records that labels and substitutes read in so many steps, beside the erased ones."""
        read = 0 if self.label is None else self.label.samples(outer)
        return read if self.substitute is None else read + self.substitute.samples
