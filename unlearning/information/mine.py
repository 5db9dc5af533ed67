"""MINE: a lower bound from a network that tells pairs from mismatched ones."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from semlink.unlearning.information.contract import Estimate, Estimator
from semlink.unlearning.information.network import Value, cross_fitted, learn, perceptron

MISMATCHES = 16  # of each held-out record


@dataclass(frozen=True)
class Mine(Estimator):
    """I >= mean T(x_i, z_i) - log mean exp T(x_i, z_j), j random, T learned (Donsker and Varadhan's bound).

    The gradient of the second term is mean(exp(T) grad T) / m, m a moving average of mean exp(T), without which
    gradients of batches would be biased.

    Bias: the bound is a lower one, but the logarithm of a mean over few records lies too low, which raises the
        estimate; its variance grows as exp(I). Too little training lowers it.
    Range: below 2 nats and up to about 5 dimensions a side with thousands of records. Cost: `folds` networks of `steps`
           steps; seconds.
    Fields: hidden: width (64). steps: Adam steps (500). rate: (1e-3). batch: (128). memory: share of the moving
            average that a step keeps (0.99). folds: (5).
    Source: Belghazi et al., Mutual Information Neural Estimation, 2018. Differs: measured on held-out pairs.
    """

    hidden: int = 64
    steps: int = 500
    rate: float = 1e-3
    batch: int = 128
    memory: float = 0.99
    folds: int = 5

    def estimate(self, x: Tensor, z: Tensor, generator: torch.Generator) -> Estimate:
        return cross_fitted(x, z, self.folds, self._fit, generator)

    def _fit(self, x: Tensor, z: Tensor, generator: torch.Generator) -> Value:
        network = perceptron(x.shape[1] + z.shape[1], self.hidden, 1, generator)
        average: list[Tensor] = []

        def scores(x: Tensor, z: Tensor) -> Tensor:
            value: Tensor = network(torch.cat([x, z], dim=1))[:, 0]
            return value

        def loss(x: Tensor, z: Tensor, generator: torch.Generator) -> Tensor:
            level = scores(x, z[torch.randperm(len(z), generator=generator)]).exp().mean()
            now = level.detach()
            average[:] = [self.memory * average[0] + (1 - self.memory) * now if average else now]
            return level / average[0] - scores(x, z).mean()

        def value(x: Tensor, z: Tensor, generator: torch.Generator) -> float:
            shifts = torch.randperm(len(z) - 1, generator=generator)[:MISMATCHES] + 1
            others = torch.cat([scores(x, z.roll(int(shift), dims=0)) for shift in shifts])
            return (scores(x, z).mean() - others.logsumexp(dim=0)).item() + math.log(len(others))

        learn(network, loss, x, z, self.steps, self.rate, self.batch, generator)
        return value
