"""The contract of an exported function under its runtime."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Runner(ABC):
    """One end of an exported codec: arrays in, in the order of its inputs; arrays out, in the order of its outputs."""

    @abstractmethod
    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]: ...


class NamedRunner(Runner):
    """An end in a file, where inputs and outputs have names and perhaps another order.

    inputs, outputs: their names, in the order of the end's.
    """

    def __init__(self, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        self.inputs, self.outputs = inputs, outputs

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        outputs = self.compute(dict(zip(self.inputs, inputs, strict=True)))
        return tuple(np.asarray(outputs[name]) for name in self.outputs)

    @abstractmethod
    def compute(self, named: Mapping[str, NDArray[Any]]) -> Mapping[str, Any]:
        """Inputs by their names -> outputs by theirs."""
