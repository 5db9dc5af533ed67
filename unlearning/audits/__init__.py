"""Questions that a codec which has not forgotten should fail, by the name that the command line takes."""

from semlink.unlearning.audits.contract import Audit, Setting
from semlink.unlearning.audits.generation import Generation
from semlink.unlearning.audits.information import Information
from semlink.unlearning.audits.membership import Membership
from semlink.unlearning.audits.relearn import Relearn

AUDITS: dict[str, type[Audit]] = {
    "generation": Generation,
    "information": Information,
    "membership": Membership,
    "relearn": Relearn,
}

__all__ = ["AUDITS", "Audit", "Generation", "Information", "Membership", "Relearn", "Setting"]
