"""Fresh condition: the weights through which a GAN hears of a class become as if it had never been told of it."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.codecs.generative.model import Gan
from semlink.errors import ErasureError
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.descent import working_copies


@dataclass(frozen=True)
class FreshCondition(Method):
    """Replaces, in the first layers of generator and discriminator, the weights of the erased class by untrained ones.

    It trains nothing and reads no record. Asked for the class, the generator then answers with a mixture, as one does
    that never met it; all other answers stay what they were, bit for bit. What the further layers know of the class
    stays too, and comes back with little training.

    Reads:  nothing.
    Errors: ErasureError when the codec is no conditional GAN, or the request names no class.
    Source: our own baseline: on MNIST, what it answers for the class was as close to retrained GANs as any method's.
    """

    reads: ClassVar[tuple[Reads, ...]] = ()
    needs: ClassVar[frozenset[Trait]] = frozenset({"adversary"})

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        if not isinstance(codec, Gan) or not codec.config.conditional:
            raise ErasureError(
                "fresh-condition needs a GAN that is told the class; train the codec gan with conditional=true."
            )
        if not partition.labels:
            raise ErasureError("fresh-condition forgets classes; make a request that selects by label.")
        began = time.monotonic()
        _, erased = working_copies(codec)
        fresh = context.fresh()
        assert isinstance(fresh, Gan)
        labels = torch.tensor(partition.labels, device=codec.device)
        with torch.no_grad():
            for own, new in zip(condition_weights(erased), condition_weights(fresh), strict=True):
                own[:, labels] = new.to(own.device)[:, labels]
        return ErasedCodec(erased, self.reads, time.monotonic() - began, 0, 0)


def condition_weights(codec: Gan) -> tuple[Tensor, Tensor]:
    """Views of the weights of the condition in the generator and in the discriminator: float32 [units, classes, ...]."""
    first: list[nn.Module] = [codec.generator.layers[0], codec.discriminator.features]
    weights = [next(module.parameters()) for module in first]
    return weights[0][:, -codec.config.classes :], weights[1][:, -codec.config.classes :]
