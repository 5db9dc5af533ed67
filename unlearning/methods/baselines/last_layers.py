"""The last layers of the receiver, trained on the retain set from their present weights (CF-k) or new ones (EU-k)."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from semlink.codecs.contract import NeuralCodec
from semlink.errors import ErasureError
from semlink.unlearning.contract import Erasure, ErasureContext, Method, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import descend, only_learning
from semlink.unlearning.methods.parts.retain_objective import retain_objective, retain_plan


@dataclass(frozen=True)
class _LastLayers(Method):
    """What both methods share: fields, and the training of the last layers alone."""

    layers: int = 2
    share: float = 0.1
    rate: float | None = None

    reads: ClassVar[tuple[Reads, ...]] = ("retain",)

    def __post_init__(self) -> None:
        check_numbers(self, positive=("layers", "share", "rate"))

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        erased, context = erasure.erased, erasure.context
        layers = last_layers(erased, self.layers)
        self.prepare(layers, context)
        learning = [parameter for layer in layers for parameter in layer.parameters(recurse=False)]
        retain, plan = erasure.batches("retain"), retain_plan(self.share, self.rate, "both", context)
        with only_learning(erased, learning):
            descend(
                erasure,
                lambda step, generator: retain_objective(erased, retain[step], context, generator),
                plan,
                self.name,
            )
        erasure.notes["weights_learned"] = float(sum({id(weights): weights.numel() for weights in learning}.values()))
        return erased

    @abstractmethod
    def prepare(self, layers: list[nn.Module], context: ErasureContext) -> None:
        """Changes the last layers before they learn."""


@dataclass(frozen=True)
class CatastrophicallyForgetLast(_LastLayers):
    """Continues training on the retain set with all but the last k layers of the receiver frozen.

    Fields: layers: k, see `last_layers` (2). share: of the training steps (0.1). rate: peak learning rate (None: that
            of training).
    Reads:  retain set.   Errors: ErasureError when it is empty, or the receiver has fewer layers.
    Source: CF-k of Goel et al., Towards adversarial evaluations for inexact machine unlearning, 2022.
            Differs: the last layers of a codec are those of its receiver.
    """

    name: ClassVar[str] = "cf-k"

    def prepare(self, layers: list[nn.Module], context: ErasureContext) -> None:
        """They stay as they are."""


@dataclass(frozen=True)
class ExactlyUnlearnLast(_LastLayers):
    """Draws the last k layers of the receiver anew and trains them on the retain set, with everything else frozen.

    What only these layers knew of the forget set is gone for good. What the others know of it stays.

    Fields: as of `CatastrophicallyForgetLast`.
    Reads:  retain set.   Errors: ErasureError when it is empty, or the receiver has fewer layers.
    Source: EU-k of Goel et al., Towards adversarial evaluations for inexact machine unlearning, 2022.
            Differs: the last layers of a codec are those of its receiver; a share of the steps of training, not all.
    """

    name: ClassVar[str] = "eu-k"

    def prepare(self, layers: list[nn.Module], context: ErasureContext) -> None:
        for layer, new in zip(layers, last_layers(context.fresh(), self.layers), strict=True):
            tensors = dict(new.named_parameters(recurse=False)) | dict(new.named_buffers(recurse=False))
            with torch.no_grad():
                for name, value in tensors.items():
                    getattr(layer, name).copy_(value)


def last_layers(codec: NeuralCodec[Any], count: int) -> list[nn.Module]:
    """The modules of the receiver that hold parameters themselves, from the `count`-th last one with a matrix on.

    Normalisations, which hold no matrix, come along where they stand between or after. A matrix that both ends share,
    such as the vectors of words, is in neither end and is not counted.

    Errors: ErasureError when there are fewer.
    """
    modules = [module for end in codec.receiver for module in end.modules()]
    layers = [module for module in modules if any(True for _ in module.parameters(recurse=False))]
    matrices = [
        index
        for index, layer in enumerate(layers)
        if any(parameter.dim() > 1 for parameter in layer.parameters(recurse=False))
    ]
    if count > len(matrices):
        raise ErasureError(f"The receiver has {len(matrices)} layers, fewer than layers={count}; give at most as many.")
    return layers[matrices[-count] :]
