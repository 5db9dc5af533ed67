"""The last layers of the receiver, learned again from the retain set: on from where they are (CF-k), or from nothing (EU-k)."""

import time
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from semlink.codecs.contract import NeuralCodec
from semlink.errors import ErasureError
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import descend, send, working_copies
from semlink.unlearning.methods.parts.retain_objective import batches_of, retain_objective, retain_plan


@dataclass(frozen=True)
class _LastLayers(Method):
    """What both methods share: fields, and the training of the last layers alone."""

    layers: int = 2
    share: float = 0.1
    rate: float | None = None

    name: ClassVar[str]
    reads: ClassVar[tuple[Reads, ...]] = ("retain",)

    def __post_init__(self) -> None:
        check_numbers(self, positive=("layers", "share", "rate"))

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, self.reads)
        began = time.monotonic()
        _, erased = working_copies(codec)
        self.begin(erased, context)
        last = {id(parameter) for module in last_layers(erased, self.layers) for parameter in _own(module)}
        frozen = [one for one in erased.parameters() if one.requires_grad and id(one) not in last]
        for parameter in frozen:
            parameter.requires_grad_(False)
        retain = batches_of(erased, partition, "retain", context)

        def loss(step: int, generator: torch.Generator) -> Tensor:
            batch = retain[step]
            return retain_objective(erased, batch, send(erased, batch, context, generator), context, generator)

        done = descend(erased, loss, retain_plan(self.share, self.rate, "both", context), context, self.name)
        for parameter in frozen:
            parameter.requires_grad_(True)
        learned = sum(parameter.numel() for parameter in erased.parameters() if id(parameter) in last)
        notes: dict[str, float | str] = {"weights_learned": float(learned)}
        return ErasedCodec(erased, self.reads, time.monotonic() - began, done, done * retain.size, notes)

    @abstractmethod
    def begin(self, erased: NeuralCodec[Any], context: ErasureContext) -> None:
        """What becomes of the last layers before they learn."""


@dataclass(frozen=True)
class CatastrophicallyForgetLast(_LastLayers):
    """Goes on training on the retain set with all but the last k layers of the receiver frozen.

    Fields: layers: k, see `last_layers` (2). share: of the training steps (0.1). rate: peak learning rate (None: that of
            training).
    Reads:  retain set.   Errors: ErasureError when it is empty, or the receiver has fewer layers.
    Source: CF-k of Goel et al., Towards adversarial evaluations for inexact machine unlearning, 2022.
            Differs: the last layers of a codec are those of its receiver.
    """

    name: ClassVar[str] = "cf-k"

    def begin(self, erased: NeuralCodec[Any], context: ErasureContext) -> None:
        """They stay as they are."""


@dataclass(frozen=True)
class ExactlyUnlearnLast(_LastLayers):
    """Draws the last k layers of the receiver anew and trains them on the retain set, with everything else frozen.

    What only these layers knew of the forget set is gone for good; what the others know of it stays.

    Fields: as of `CatastrophicallyForgetLast`.
    Reads:  retain set.   Errors: ErasureError when it is empty, or the receiver has fewer layers.
    Source: EU-k of Goel et al., Towards adversarial evaluations for inexact machine unlearning, 2022.
            Differs: the last layers of a codec are those of its receiver; a share of the steps of training, not all.
    """

    name: ClassVar[str] = "eu-k"

    def begin(self, erased: NeuralCodec[Any], context: ErasureContext) -> None:
        fresh = context.fresh()
        for module, new in zip(last_layers(erased, self.layers), last_layers(fresh, self.layers), strict=True):
            own = dict(new.named_parameters(recurse=False)) | dict(new.named_buffers(recurse=False))
            with torch.no_grad():
                for name, value in own.items():
                    getattr(module, name).copy_(value)


def last_layers(codec: NeuralCodec[Any], count: int) -> list[nn.Module]:
    """The modules of the receiver that hold parameters themselves, from the `count`-th last one with a matrix on.

    Normalisations, which hold none, come along where they stand between or after. A matrix that both ends share, such as
    the vectors of words, is in neither end and not counted.

    Errors: ErasureError when there are fewer.
    """
    own = [module for part in codec.receiver for module in part.modules() if _own(module)]
    matrices = [index for index, module in enumerate(own) if any(one.dim() > 1 for one in _own(module))]
    if count > len(matrices):
        raise ErasureError(f"The receiver has {len(matrices)} layers, fewer than layers={count}; give at most as many.")
    return own[matrices[-count] :]


def _own(module: nn.Module) -> list[nn.Parameter]:
    return list(module.parameters(recurse=False))
