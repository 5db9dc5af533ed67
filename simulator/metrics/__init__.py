"""How good an estimate is: families of metrics for text and for images."""

from typing import Literal

from semlink.simulator.metrics.accuracy import Accuracy
from semlink.simulator.metrics.bleu import Bleu
from semlink.simulator.metrics.contract import Metric, Statistics
from semlink.simulator.metrics.image_error import ImageError
from semlink.simulator.metrics.multi_scale_similarity import MultiScaleSimilarity
from semlink.simulator.metrics.structural_similarity import StructuralSimilarity
from semlink.simulator.metrics.term_recall import TermRecall

METRICS: dict[str, type[Metric]] = {
    "bleu": Bleu,
    "accuracy": Accuracy,
    "term-recall": TermRecall,
    "image-error": ImageError,
    "structural-similarity": StructuralSimilarity,
    "multi-scale-similarity": MultiScaleSimilarity,
}

__all__ = ["METRICS", "Metric", "Statistics", "metrics_for"]


def metrics_for(modality: Literal["text", "image"], terms: tuple[str, ...] = ()) -> list[Metric]:
    """The families for a kind of data, the leading one first; term recall only where there are terms."""
    return [
        TermRecall(terms) if family is TermRecall else family()
        for family in METRICS.values()
        if family.modality == modality and (terms or family is not TermRecall)
    ]
