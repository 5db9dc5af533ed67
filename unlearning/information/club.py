"""Variational CLUB: an upper bound from how much likelier a pair is than a mismatched one."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from semlink.unlearning.information.contract import Estimate, Estimator
from semlink.unlearning.information.network import Value, cross_fitted, learn, perceptron


@dataclass(frozen=True)
class Club(Estimator):
    """I <= mean_i log q(z_i|x_i) - mean_ij log q(z_j|x_i), q(z|x) a Gaussian with diagonal covariance that is learned.

    Bias: upwards, and far: for pairs with correlation rho in each of d dimensions the bound itself is
        d rho^2 / (1 - rho^2), against -d/2 log(1 - rho^2). Where q misses p(z|x), it is no bound at all.
    Range: where an upper bound is wanted for a loss; as an estimate below some 0.1 nats a dimension.
    Cost: `folds` networks of `steps` steps; seconds.
    Fields: hidden: width (64). steps: Adam steps (500). rate: (1e-3). batch: (128). folds: (5).
    Source: Cheng et al., CLUB: A Contrastive Log-ratio Upper Bound of Mutual Information, 2020.
            Differs: measured on held-out pairs; all pairs (i, j) count, by the first two moments of z.
    """

    hidden: int = 64
    steps: int = 500
    rate: float = 1e-3
    batch: int = 128
    folds: int = 5

    def estimate(self, x: Tensor, z: Tensor, generator: torch.Generator) -> Estimate:
        return cross_fitted(x, z, self.folds, self._fit, generator)

    def _fit(self, x: Tensor, z: Tensor, generator: torch.Generator) -> Value:
        network = perceptron(x.shape[1], self.hidden, 2 * z.shape[1], generator)

        def loss(x: Tensor, z: Tensor, _: torch.Generator) -> Tensor:
            mean, log_variance = network(x).chunk(2, dim=1)
            value: Tensor = ((z - mean).square() / log_variance.exp() + log_variance).sum(dim=1).mean()
            return value

        learn(network, loss, x, z, self.steps, self.rate, self.batch, generator)
        return lambda x, z, _: _bound(network, x, z)


def _bound(network: nn.Module, x: Tensor, z: Tensor) -> float:
    mean, log_variance = network(x).chunk(2, dim=1)
    apart = (z.mean(dim=0) - mean).square() + z.var(dim=0, correction=0)  # mean over j of (z_j - mean_i)^2
    value: Tensor = ((apart - (z - mean).square()) / log_variance.exp() / 2).sum(dim=1).mean()
    return value.item()
