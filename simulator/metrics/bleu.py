"""BLEU: how many of the estimate's words and word sequences stand in the reference."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.helpers import extract_all_word_ngrams

from semlink.codecs.contract import Sentence
from semlink.simulator.measure import IntervalKind, Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics

ORDERS = (1, 2, 3, 4)
MATCHES, TOTALS, SENTENCE = 2, 6, 10  # where each group of columns starts, after the two lengths


def _declared(kind: Literal["sentence", "corpus"], order: int) -> Measure:
    label = f"Mean sentence BLEU-{order}" if kind == "sentence" else f"BLEU-{order}"
    meaning = f"overlap of runs of up to {order} words with the sentence that was sent, 1 is identical"
    interval: IntervalKind = "mean" if kind == "sentence" else "bootstrap"
    return Measure(f"{kind}_bleu{order}", "1", "higher", label, label, meaning, interval=interval)


MEASURES = by_name(
    *(_declared("sentence", order) for order in ORDERS),
    *(_declared("corpus", order) for order in ORDERS),
)


class Bleu(Metric):
    """Corpus BLEU and mean sentence BLEU, cumulative over n-grams up to order 1 to 4, over words. Range 0 to 1.

    BLEU-N = min(1, exp(1 - r / h)) * exp(mean over n <= N of log(matches_n / totals_n)), with h and r the lengths
    of the estimate (the hypothesis) and of the reference, matches clipped to the counts of the reference.

    Corpus BLEU sums counts and lengths over records and is not smoothed, so it is 0 where an order has no match.
    Sentence BLEU leaves out orders longer than the sentence (effective order) and smooths orders without a match
    exponentially, as sacrebleu does by default. A decoder's unknown symbol matches no word of a reference.

    Statistics: lengths of estimate and reference, matches of order 1 to 4, totals of order 1 to 4, sentence BLEU-1
                to 4.
    Source: K. Papineni et al., BLEU, ACL 2002; M. Post, A Call for Clarity in Reporting BLEU Scores, WMT 2018.
    """

    modality: ClassVar[Literal["text", "image"]] = "text"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    averages: ClassVar[Mapping[str, int]] = {f"sentence_bleu{n}": SENTENCE + n - 1 for n in ORDERS}

    def statistics(self, references: Sequence[Sentence], estimates: Sequence[Sentence]) -> Statistics:
        """In: lists of Sentence of equal length. Out: float64 [records, 14]."""
        rows = [
            pair_statistics(hypothesis=estimate.words, reference=reference.words)
            for reference, estimate in zip(references, estimates, strict=True)
        ]
        return np.array(rows, dtype=np.float64).reshape(-1, SENTENCE + 4)

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        values = {name: mean[..., column] for name, column in self.averages.items()}
        length, target = mean[..., 0], mean[..., 1]
        matches, totals = mean[..., MATCHES:TOTALS], mean[..., TOTALS:SENTENCE]
        with np.errstate(divide="ignore", invalid="ignore"):
            penalty = np.minimum(0.0, 1 - target / length)
            precision = np.log(np.where(matches > 0, matches / totals, 0.0))
        for n in ORDERS:
            score = np.exp(penalty + precision[..., :n].mean(axis=-1))
            values[f"corpus_bleu{n}"] = np.where(length > 0, score, 0.0)
        return values


def pair_statistics(*, hypothesis: Sequence[str], reference: Sequence[str]) -> list[float]:
    """The statistics of one pair, in the order of `Bleu`. The two are not interchangeable."""
    length = len(hypothesis)
    if length and tuple(hypothesis) == tuple(reference):  # most pairs on a good channel
        counts = [float(max(0, length + 1 - n)) for n in ORDERS]
        return [length, length, *counts, *counts, 1.0, 1.0, 1.0, 1.0]
    had, _ = extract_all_word_ngrams(" ".join(hypothesis), 1, 4)
    wanted, _ = extract_all_word_ngrams(" ".join(reference), 1, 4)
    matches = [0, 0, 0, 0]
    for ngram in had.keys() & wanted.keys():
        matches[len(ngram) - 1] += min(had[ngram], wanted[ngram])
    totals = [max(0, length + 1 - n) for n in ORDERS]
    scores = [
        BLEU.compute_bleu(
            matches[:n], totals[:n], length, len(reference), "exp", effective_order=True, max_ngram_order=n
        ).score
        / 100
        for n in ORDERS
    ]
    return [length, len(reference), *matches, *totals, *scores]
