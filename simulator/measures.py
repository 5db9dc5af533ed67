"""Where the simulator declares what its numbers are. Nothing is loaded before a measure is asked for."""

from collections.abc import Mapping

from semlink.registry import Registry
from semlink.simulator.measure import Measure

_METRICS = "semlink.simulator.metrics"
_DECLARED_IN = {
    f"{_METRICS}.accuracy": ("word_accuracy", "token_accuracy"),
    f"{_METRICS}.bleu": tuple(f"{kind}_bleu{order}" for kind in ("sentence", "corpus") for order in (1, 2, 3, 4)),
    f"{_METRICS}.classification": ("label_accuracy", "label_confidence", "cross_entropy"),
    f"{_METRICS}.image_error": ("psnr", "psnr_of_mean_mse", "mse"),
    f"{_METRICS}.multi_scale_similarity": ("ms_ssim",),
    f"{_METRICS}.patch_brightness": ("patch_brightness",),
    f"{_METRICS}.recognition": ("class_accuracy", "backdoor_accuracy"),
    f"{_METRICS}.sentence_similarity": ("sentence_similarity",),
    f"{_METRICS}.structural_similarity": ("ssim",),
    f"{_METRICS}.term_recall": ("term_recall",),
    "semlink.simulator.block_errors": ("block_error_rate",),
    "semlink.simulator.capacity": ("limit_snr_db",),
    "semlink.simulator.link_adaptation": ("outage_rate", "spectral_efficiency"),
    "semlink.simulator.sweep": ("channel_uses", "total_channel_uses"),
}

# Name of a measure without its setting -> all measures of the file that declares it.
MEASURES: Registry[Mapping[str, Measure]] = Registry(
    "measure", {name: f"{module}:MEASURES" for module, names in _DECLARED_IN.items() for name in names}
)
