"""What a number in a result row is, by its name: of the simulator, of audits, and of what erasing costs."""

from collections.abc import Mapping

from semlink.registry import Registry
from semlink.simulator.measure import Measure
from semlink.simulator.measures import MEASURES as SIMULATOR_MEASURES
from semlink.simulator.metrics import METRICS
from semlink.unlearning.audits import AUDITS

_AUDITS = "semlink.unlearning.audits"
_DECLARED_IN = {
    f"{_AUDITS}.calibrated": ("calibrated_auc", "calibrated_tpr_at_1_percent_fpr", "excess_loss"),
    f"{_AUDITS}.generation": (
        "frechet_distance",
        "share_on_request",
        "share_generated",
        "histogram_distance",
        "request_distance",
        "score_auc",
        "score_spread",
        "score_ks_p",
    ),
    f"{_AUDITS}.information": ("information",),
    f"{_AUDITS}.membership": ("membership_auc", "membership_tpr_at_1_percent_fpr"),
    f"{_AUDITS}.relearn": (
        "loss",
        "relearned_loss",
        "relearned_term_recall",
        "relearned_psnr",
        "relearned_label_accuracy",
    ),
    "semlink.unlearning.cost": ("seconds", "steps", "samples", "peak_memory_mib"),
}

# Name of a measure without its setting -> all measures of the file that declares it.
MEASURES: Registry[Mapping[str, Measure]] = Registry(
    "measure", {name: f"{module}:MEASURES" for module, names in _DECLARED_IN.items() for name in names}
)


def measure_named(name: str) -> Measure:
    """The measure that rows call `name`, whose file is loaded when it is first asked for.

    A setting after a colon ("relearned_loss:shown=16") is named in label and phrase, unless the measure is declared
    under its full name ("ssim:window=7"). A measure that no file declares is called by its name and has no direction.
    """
    base, _, setting = name.partition(":")
    declared = _declared_beside(base)
    if name in declared:
        return declared[name]
    if base in declared:
        return declared[base].with_setting(setting)
    title = name.replace("_", " ")
    return Measure(name, "", "none", title, title, scale="free", interval="other")


def _declared_beside(base: str) -> Mapping[str, Measure]:
    """All measures of the file that declares the measure `base`; of metrics and audits of other packages as well."""
    for table in (SIMULATOR_MEASURES, MEASURES):
        if base in table:
            return table[base]
    for registry in (METRICS, AUDITS):
        for entry in registry.usable().values():
            if base in entry.measures:
                return entry.measures
    return {}
