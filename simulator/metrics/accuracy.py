"""Accuracy by position: the share of the reference's words or tokens that stand where they should."""

import operator
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from semlink.codecs.contract import Sentence
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics

MEASURES = by_name(
    Measure(
        "word_accuracy",
        "1",
        "higher",
        "Word accuracy",
        "word accuracy",
        "share of words recovered in their place",
        interval="bootstrap",
    ),
    Measure(
        "token_accuracy",
        "1",
        "higher",
        "Token accuracy",
        "token accuracy",
        "share of vocabulary entries recovered",
        interval="bootstrap",
    ),
)


class Accuracy(Metric):
    """Recovered words (or tokens) over all words (tokens) of the references. Range 0 to 1.

    The i-th item of a reference is recovered when the i-th item of the estimate equals it. An item that the estimate
    lacks is not recovered; an item that it has too many is not counted, though one inserted early shifts all that
    follow. A word that the vocabulary lacks is an error in `word_accuracy`; in `token_accuracy` its token is the
    unknown symbol, which counts as recovered where the estimate has it too. NaN where the references are empty.

    Statistics: recovered words, words, recovered tokens, tokens.
    """

    modality: ClassVar[Literal["text", "image"]] = "text"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    averages: ClassVar[Mapping[str, int]] = {}

    def statistics(self, references: Sequence[Sentence], estimates: Sequence[Sentence]) -> Statistics:
        """In: lists of Sentence of equal length. Out: float64 [records, 4]."""
        rows = [
            (*_recovered(reference.words, estimate.words), *_recovered(reference.tokens, estimate.tokens))
            for reference, estimate in zip(references, estimates, strict=True)
        ]
        return np.array(rows, dtype=np.float64).reshape(-1, 4)

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        with np.errstate(invalid="ignore"):
            return {"word_accuracy": mean[..., 0] / mean[..., 1], "token_accuracy": mean[..., 2] / mean[..., 3]}


def _recovered(reference: Sequence[str], estimate: Sequence[str]) -> tuple[int, int]:
    return sum(map(operator.eq, reference, estimate)), len(reference)
