"""Questions that a codec which has not forgotten should fail, by the name that the command line takes."""

from typing import TYPE_CHECKING

from semlink.registry import Registry

if TYPE_CHECKING:
    from semlink.unlearning.audits.contract import Audit

AUDITS: "Registry[type[Audit]]" = Registry(
    "audit",
    {
        "calibrated-loss": "semlink.unlearning.audits.calibrated:CalibratedLoss",
        "generation": "semlink.unlearning.audits.generation:Generation",
        "information": "semlink.unlearning.audits.information:Information",
        "membership": "semlink.unlearning.audits.membership:Membership",
        "relearn": "semlink.unlearning.audits.relearn:Relearn",
    },
    contract="semlink.unlearning.audits.contract:Audit",
)
