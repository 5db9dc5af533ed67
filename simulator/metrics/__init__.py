"""How good an estimate is: families of metrics for text, for images and for classes."""

from typing import TYPE_CHECKING, Any

from semlink.registry import Registry

if TYPE_CHECKING:
    from semlink.codecs.contract import Delivered
    from semlink.simulator.image_classifier import ImageClassifier
    from semlink.simulator.metrics.contract import Metric
    from semlink.simulator.sources.trigger import Trigger

METRICS: "Registry[type[Metric]]" = Registry(
    "metric",
    {
        "bleu": "semlink.simulator.metrics.bleu:Bleu",
        "accuracy": "semlink.simulator.metrics.accuracy:Accuracy",
        "term-recall": "semlink.simulator.metrics.term_recall:TermRecall",
        "sentence-similarity": "semlink.simulator.metrics.sentence_similarity:SentenceSimilarity",
        "image-error": "semlink.simulator.metrics.image_error:ImageError",
        "structural-similarity": "semlink.simulator.metrics.structural_similarity:StructuralSimilarity",
        "multi-scale-similarity": "semlink.simulator.metrics.multi_scale_similarity:MultiScaleSimilarity",
        "patch-brightness": "semlink.simulator.metrics.patch_brightness:PatchBrightness",
        "recognition": "semlink.simulator.metrics.recognition:Recognition",
        "classification": "semlink.simulator.metrics.classification:Classification",
    },
    contract="semlink.simulator.metrics.contract:Metric",
)


def metrics_for(
    delivered: "Delivered",
    terms: tuple[str, ...] = (),
    sentence_model: str | None = None,
    trigger: "Trigger | None" = None,
    classifier: "ImageClassifier | None" = None,
) -> "list[Metric]":
    """The families for what a codec delivers, the leading one first.

    Term recall only where there are terms, sentence similarity where there is the folder of an encoder for it, patch
    brightness where there is a trigger, recognition where there is a classifier of images.
    Errors: CodecError when that folder holds none.
    """
    given: dict[str, dict[str, Any]] = {
        "term-recall": {"terms": terms},
        "sentence-similarity": {"model": sentence_model},
        "patch-brightness": {"trigger": trigger},
        "recognition": {"classifier": classifier} | ({"trigger": trigger} if trigger else {}),
    }
    return [
        family(**given.get(name, {}))
        for name, family in METRICS.usable().items()
        if family.modality == delivered and all(given.get(name, {}).values())
    ]
