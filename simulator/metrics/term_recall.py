"""Term recall: how often named words come through, the question of an erasure request that names words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from semlink.codecs.contract import Sentence
from semlink.codecs.text.words import term_words, words
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics

MEASURES = by_name(
    Measure(
        "term_recall",
        "1",
        "higher",
        "Named words recovered",
        "the share of the named words recovered",
        "share of the words that the request names which the receiver recovers",
        interval="bootstrap",
    ),
)


class TermRecall(Metric):
    """Occurrences of the terms that the estimates recover, over those in the references. Range 0 to 1.

    recall = sum over records and terms of min(count in estimate, count in reference) / sum of counts in references

    Words are compared folded (see `codecs.text.words`), without regard to their place in the sentence; a term of
    several words counts where these stand adjacent. NaN where no reference holds a term: then there is nothing to
    recover.

    Fields:     terms: words, or several words each.
    Statistics: recovered occurrences, occurrences.
    """

    modality: ClassVar[Literal["text", "image"]] = "text"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    averages: ClassVar[Mapping[str, int]] = {}

    def __init__(self, terms: tuple[str, ...]) -> None:
        self.terms = frozenset(tuple(term_words(words(term))) for term in terms)
        self.lengths = sorted({len(term) for term in self.terms})

    def statistics(self, references: Sequence[Sentence], estimates: Sequence[Sentence]) -> Statistics:
        """In: lists of Sentence of equal length. Out: float64 [records, 2]."""
        rows = []
        for reference, estimate in zip(references, estimates, strict=True):
            wanted = self._counts(reference.words)
            recovered = wanted & self._counts(estimate.words) if wanted else wanted
            rows.append((recovered.total(), wanted.total()))
        return np.array(rows, dtype=np.float64).reshape(-1, 2)

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        with np.errstate(invalid="ignore"):
            return {"term_recall": mean[..., 0] / mean[..., 1]}

    def _counts(self, found: Sequence[str]) -> Counter[tuple[str, ...]]:
        plain = term_words(found)
        runs = (tuple(plain[at : at + size]) for size in self.lengths for at in range(len(plain) - size + 1))
        return Counter(run for run in runs if run in self.terms)
