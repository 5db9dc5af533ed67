"""The two ends of a codec as functions of their own, with real tensors in and out and the channel left outside."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from semlink.channels.contract import Reception

TYPES = {"float32": torch.float32, "int64": torch.int64, "bool": torch.bool}
RunEnd = Callable[..., tuple[Tensor, ...]]  # the name of an end, then its inputs -> its outputs


@dataclass(frozen=True)
class Argument:
    """An input or output tensor.

    kind: a key of `TYPES`. shape: whole numbers, and names of sizes that may differ from call to call; "8*length" is
    eight times the size called length.
    """

    name: str
    kind: str
    shape: tuple[int | str, ...]

    def example(self, sizes: Mapping[str, int]) -> Tensor:
        """A tensor of this form, of ones, which is at the same time a valid token, symbol and mask."""
        return torch.ones([size_of(size, sizes) for size in self.shape], dtype=TYPES[self.kind])


@dataclass(frozen=True)
class End:
    """One function of an exported codec.

    module:  from the inputs to a tuple of the outputs. most: the largest value of those sizes that have one.
    meaning: what the outputs are and, where that takes more, how an estimate is made of them.
    """

    module: nn.Module
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    meaning: str
    most: Mapping[str, int] = field(default_factory=dict)


class CodecEnds(ABC):
    """The ends of a codec, and what connects them with batches and estimates of that codec.

    functions: "encoder", "decoder" and, where one word follows the other, "step".
    """

    functions: Mapping[str, End]

    @abstractmethod
    def inputs(self, batch: Any) -> tuple[Tensor, ...]:
        """A batch as the inputs of the encoder."""

    @abstractmethod
    def estimate(self, reception: Reception, run: RunEnd) -> Any:
        """What the codec's `decode` gives, computed by `run` with the decoder and, if there is one, the step."""

    @abstractmethod
    def elements(self, estimate: Any) -> Tensor:
        """The elements of an estimate by which two are compared: words, classes, or pixels as bytes."""

    @abstractmethod
    def description(self, exported: Collection[str]) -> dict[str, Any]:
        """What a program that runs the ends named `exported` has to know of the data, as JSON can hold it."""


def size_of(size: int | str, sizes: Mapping[str, int]) -> int:
    """The number that a size of an `Argument` stands for."""
    if isinstance(size, int):
        return size
    times, _, name = size.rpartition("*")
    return int(times or 1) * sizes[name]


def sent_symbols(uses: int | str) -> tuple[Argument, ...]:
    """The outputs of an encoder. uses: channel uses, a size of an `Argument`."""
    return Argument("symbols", "float32", ("batch", uses, 2)), Argument("used", "bool", ("batch", uses))


def received_symbols(uses: int | str) -> tuple[Argument, ...]:
    """The inputs of a decoder."""
    symbols, used = sent_symbols(uses)
    return symbols, Argument("noise_variance", "float32", ("batch", uses)), used


def as_reception(symbols: Tensor, noise_variance: Tensor, used: Tensor) -> Reception:
    """The inputs of a decoder as what a codec decodes."""
    return Reception(torch.view_as_complex(symbols), noise_variance, used)


def as_decoder_inputs(reception: Reception) -> tuple[Tensor, Tensor, Tensor]:
    """A reception as the inputs of a decoder."""
    variance = reception.noise_variance.expand(reception.mask.shape)
    return torch.view_as_real(reception.symbols), variance, reception.mask
