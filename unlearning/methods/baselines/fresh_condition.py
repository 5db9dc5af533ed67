"""Fresh condition: the weights through which a GAN gets a class as its input become untrained ones for that class."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.codecs.generative.model import Gan
from semlink.errors import ErasureError
from semlink.unlearning.contract import Erasure, Method, Reads


@dataclass(frozen=True)
class FreshCondition(Method):
    """Replaces, in the first layers of generator and discriminator, the weights of the erased class by untrained ones.

    It trains nothing and reads no record. Asked for the class, the generator then answers with a mixture, as a
    generator does that never met the class. All other answers stay what they were, bit for bit. What the further layers
    know of the class stays too, and comes back with little training.

    Reads:  nothing.
    Errors: ErasureError when the codec is no conditional GAN, or the request names no class.
    Source: of this project. On MNIST its answers for the class were as close to those of retrained GANs as the answers
            of any other method.
    """

    name: ClassVar[str] = "fresh-condition"
    reads: ClassVar[tuple[Reads, ...]] = ()
    needs: ClassVar[frozenset[Trait]] = frozenset({"adversary"})

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        erased, labels = erasure.erased, erasure.partition.labels
        if not isinstance(erased, Gan) or not erased.config.conditional:
            raise ErasureError(
                "fresh-condition needs a GAN that is told the class; train the codec gan with conditional=true."
            )
        if not labels:
            raise ErasureError("fresh-condition forgets classes; make a request that selects by label.")
        untrained = erasure.context.fresh()
        assert isinstance(untrained, Gan)
        classes = torch.tensor(labels, device=erased.device)
        with torch.no_grad():
            for weights, new in zip(condition_weights(erased), condition_weights(untrained), strict=True):
                weights[:, classes] = new.to(weights.device)[:, classes]
        return erased


def condition_weights(codec: Gan) -> tuple[Tensor, Tensor]:
    """Views of the weights of the condition in generator and discriminator: float32 [units, classes, ...] each."""
    first: list[nn.Module] = [codec.generator.layers[0], codec.discriminator.features]
    weights = [next(module.parameters()) for module in first]
    return weights[0][:, -codec.config.classes :], weights[1][:, -codec.config.classes :]
