"""What one thing tells of another, in nats: estimators of mutual information by name, and terms of losses."""

from typing import TYPE_CHECKING

from semlink.registry import Registry

if TYPE_CHECKING:
    from semlink.unlearning.information.contract import Estimator

ESTIMATORS: "Registry[type[Estimator]]" = Registry(
    "estimator",
    {
        "club": "semlink.unlearning.information.club:Club",
        "gaussian": "semlink.unlearning.information.gaussian:Gaussian",
        "info-nce": "semlink.unlearning.information.info_nce:InfoNce",
        "mine": "semlink.unlearning.information.mine:Mine",
        "nearest": "semlink.unlearning.information.nearest:NearestNeighbours",
    },
)
