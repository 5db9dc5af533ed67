"""How good an estimate is: families of metrics for text, for images and for classes."""

from typing import Any

from semlink.codecs.contract import Delivered
from semlink.simulator.judge import Judge
from semlink.simulator.metrics.accuracy import Accuracy
from semlink.simulator.metrics.bleu import Bleu
from semlink.simulator.metrics.classification import Classification
from semlink.simulator.metrics.contract import Metric, Statistics
from semlink.simulator.metrics.image_error import ImageError
from semlink.simulator.metrics.multi_scale_similarity import MultiScaleSimilarity
from semlink.simulator.metrics.patch_brightness import PatchBrightness
from semlink.simulator.metrics.recognition import Recognition
from semlink.simulator.metrics.sentence_similarity import SentenceSimilarity
from semlink.simulator.metrics.structural_similarity import StructuralSimilarity
from semlink.simulator.metrics.term_recall import TermRecall
from semlink.simulator.sources.trigger import Trigger

METRICS: dict[str, type[Metric]] = {
    "bleu": Bleu,
    "accuracy": Accuracy,
    "term-recall": TermRecall,
    "sentence-similarity": SentenceSimilarity,
    "image-error": ImageError,
    "structural-similarity": StructuralSimilarity,
    "multi-scale-similarity": MultiScaleSimilarity,
    "patch-brightness": PatchBrightness,
    "recognition": Recognition,
    "classification": Classification,
}

__all__ = ["METRICS", "Metric", "Statistics", "metrics_for"]


def metrics_for(
    delivered: Delivered,
    terms: tuple[str, ...] = (),
    sentence_model: str | None = None,
    trigger: Trigger | None = None,
    judge: Judge | None = None,
) -> list[Metric]:
    """The families for what a codec delivers, the leading one first.

    Term recall only where there are terms, sentence similarity where there is the folder of an encoder for it, patch
    brightness where there is a trigger, recognition where there is a judge.
    Errors: CodecError when that folder holds none.
    """
    given: dict[type[Metric], dict[str, Any]] = {
        TermRecall: {"terms": terms},
        SentenceSimilarity: {"model": sentence_model},
        PatchBrightness: {"trigger": trigger},
        Recognition: {"judge": judge} | ({"trigger": trigger} if trigger else {}),
    }
    return [
        family(**given.get(family, {}))
        for family in METRICS.values()
        if family.modality == delivered and all(given.get(family, {}).values())
    ]
