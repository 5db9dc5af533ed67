"""A metric family turns pairs of reference and estimate into statistics of each record, and those into named values."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from semlink.codecs.contract import Delivered
from semlink.simulator.measure import Measure
from semlink.simulator.sources.contract import Record

Statistics = NDArray[np.float64]


class Metric(ABC):
    """Metrics that share their statistics, such as BLEU-1 to 4.

    modality: what codecs that it is for make of what arrives: text, an image, or a class.
    measures: what the metrics of the family are, by the names that rows have. Their `interval` says which one they get.
    averages: name -> column of the statistics, for every measure with a "mean" or "rate" interval: its value is the
              plain mean over records of that one statistic. Records where the statistic is NaN do not count. The
              others, with a "bootstrap" interval, are functions of the mean statistics.
    """

    modality: ClassVar[Delivered]
    measures: ClassVar[Mapping[str, Measure]]
    averages: ClassVar[Mapping[str, int]]

    def about(self, records: Sequence[Record]) -> Self:
        """The family for pairs of exactly these records, where it needs more of them than the reference (labels)."""
        return self

    @abstractmethod
    def statistics(self, references: Sequence[Any], estimates: Sequence[Any]) -> Statistics:
        """Statistics of each pair: float64 [records, columns]. They are averaged over channel draws by the caller.

        references, estimates: lists of Sentence, or float32 [records, channels, height, width] in 0..1. Where classes
        are delivered, estimates are log-probabilities float32 [records, classes].
        """

    @abstractmethod
    def values(self, mean: Statistics) -> dict[str, Statistics]:
        """The value of every name from mean statistics [..., columns] over a set of records: name -> [...]."""
