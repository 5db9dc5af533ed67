"""What one thing tells of another, in nats: estimators of mutual information by name, and terms of losses."""

from semlink.unlearning.information.club import Club
from semlink.unlearning.information.contract import Estimate, Estimator
from semlink.unlearning.information.gaussian import Gaussian
from semlink.unlearning.information.info_nce import InfoNce
from semlink.unlearning.information.mine import Mine
from semlink.unlearning.information.nearest import NearestNeighbours

ESTIMATORS: dict[str, type[Estimator]] = {
    "club": Club,
    "gaussian": Gaussian,
    "info-nce": InfoNce,
    "mine": Mine,
    "nearest": NearestNeighbours,
}

__all__ = ["ESTIMATORS", "Club", "Estimate", "Estimator", "Gaussian", "InfoNce", "Mine", "NearestNeighbours"]
