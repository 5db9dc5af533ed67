"""The contract of an exported function under its runtime."""

from abc import ABC, abstractmethod
from typing import Any

from numpy.typing import NDArray


class Runner(ABC):
    """One end of an exported codec: arrays in, in the order of its inputs; arrays out, in the order of its outputs."""

    @abstractmethod
    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]: ...
