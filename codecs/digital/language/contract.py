"""The contract of a language model, and of the coder that writes or reads by its probabilities."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

END, UNKNOWN = 0, 1  # the first symbols of every vocabulary: the end of a sequence, and what the vocabulary lacks


class LanguageModel(ABC):
    """Gives every sentence of any words a probability."""

    @abstractmethod
    def cross_entropy(self, sentences: Sequence[tuple[str, ...]]) -> NDArray[np.float64]:
        """-log2 of the probability of each sentence with its end, in bits: float64 [sentences].

        A code built on this model takes that many bits, and none takes fewer on average where the model is true.
        """


class Coder(Protocol):
    """Writes symbols, or reads them: a model that passes each of its choices through a coder does both in one walk."""

    def code(self, probabilities: NDArray[np.float64], symbol: int | None) -> int:
        """Writes a symbol and returns it, or, where it is None, reads one.

        In: probabilities of 0, 1, 2, ..., float64 [symbols]; to be the same to the last digit when written and read.
        """
