"""Small networks that learned estimators train on most of the pairs and measure on the others."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from semlink.seeding import seeded
from semlink.unlearning.information.contract import Estimate, check_pairs, folds_of, from_folds, standardised

Loss = Callable[[Tensor, Tensor, torch.Generator], Tensor]
Value = Callable[[Tensor, Tensor, torch.Generator], float]


def perceptron(inputs: int, hidden: int, outputs: int, generator: torch.Generator) -> nn.Module:
    """A network with two hidden layers beside a linear path; its weights come from the generator."""
    seed = int(torch.randint(2**62, (), generator=generator))
    return seeded(seed, lambda: _Perceptron(inputs, hidden, outputs))


def learn(
    networks: nn.Module,
    loss: Loss,
    x: Tensor,
    z: Tensor,
    steps: int,
    rate: float,
    batch: int,
    generator: torch.Generator,
) -> None:
    """Lowers the loss of random batches, with Adam."""
    optimiser = torch.optim.Adam(networks.parameters(), lr=rate)
    for _ in range(steps):
        rows = torch.randint(len(x), (min(batch, len(x)),), generator=generator)
        value = loss(x[rows], z[rows], generator)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()


def cross_fitted(
    x: Tensor,
    z: Tensor,
    folds: int,
    fit: Callable[[Tensor, Tensor, torch.Generator], Value],
    generator: torch.Generator,
) -> Estimate:
    """Each fold is measured by what `fit` learned on the others; columns are standardised before."""
    check_pairs(x, z)
    x, z = standardised(x).float(), standardised(z).float()
    parts, values = folds_of(len(x), folds, generator), []
    for index, part in enumerate(parts):
        others = torch.cat([other for number, other in enumerate(parts) if number != index])
        value = fit(x[others], z[others], generator)
        with torch.no_grad():
            values.append(value(x[part], z[part], generator))
    return from_folds(values)


class _Perceptron(nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, outputs)
        )
        self.straight = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        value: Tensor = self.layers(x) + self.straight(x)
        return value
