"""The contract of an estimator: pairs of vectors in, their mutual information out, with the spread of the estimate."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from semlink.errors import AuditError
from semlink.simulator.intervals import mean_interval

LEAST = 4  # records in a fold


@dataclass(frozen=True)
class Estimate:
    """Mutual information in nats, its 95 % interval, and the values of the folds that the interval is from.

    The interval is of chance alone. The bias of an estimator, which its docstring tells, is not in it and is often
    larger.
    """

    value: float
    low: float
    high: float
    folds: tuple[float, ...]


class Estimator(ABC):
    """One way to estimate I(X; Z) from n independent pairs."""

    @abstractmethod
    def estimate(self, x: Tensor, z: Tensor, generator: torch.Generator) -> Estimate:
        """I(X; Z) in nats.

        In:     x: float [n, d]. z: float [n, e], rows in the same order. generator: of the folds and all else, on the
                CPU.
        Errors: AuditError when there are too few pairs, or x and z have other numbers of them.
        """


def folds_of(count: int, folds: int, generator: torch.Generator) -> list[Tensor]:
    """The numbers 0..count - 1 in random order, in `folds` parts of nearly the same size. Errors: AuditError."""
    if count < LEAST * folds:
        raise AuditError(f"Information needs {LEAST * folds} records, not {count}; choose a wider request.")
    return list(torch.randperm(count, generator=generator).tensor_split(folds))


def check_pairs(x: Tensor, z: Tensor) -> None:
    """Errors: AuditError when these are no pairs of vectors."""
    if x.ndim != 2 or z.ndim != 2 or len(x) != len(z):
        raise AuditError(f"Information is between pairs of vectors, not {tuple(x.shape)} and {tuple(z.shape)}.")


def from_all(value: float, parts: Sequence[float]) -> Estimate:
    """An estimate from all pairs, and its spread from those of disjoint parts of them.

    The variance is taken to fall as 1 / n: standard deviation of `value` = that of the parts / sqrt(number of parts).
    The parts are not its mean: with fewer pairs each is biased otherwise.

    Source: C. Holmes and I. Nemenman, Estimation of mutual information for real-valued data with error bars and
            controlled bias, 2019.
    """
    interval = mean_interval(parts)
    half = (interval.high - interval.low) / 2
    return Estimate(value, value - half, value + half, tuple(parts))


def from_folds(parts: Sequence[float]) -> Estimate:
    """The mean over folds, each measured on pairs that its network was not trained on, and a t interval.

    Folds share training pairs, so that the interval is somewhat too narrow.
    """
    interval = mean_interval(parts)
    return Estimate(interval.value, interval.low, interval.high, tuple(parts))


def standardised(x: Tensor) -> Tensor:
    """Columns of mean 0 and variance 1, float64; constant columns become 0. It changes no information."""
    x = x.double()
    spread = x.std(dim=0)
    return (x - x.mean(dim=0)) / torch.where(spread > 0, spread, 1.0)
