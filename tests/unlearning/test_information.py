"""Estimators of information against Gaussians whose information is known: -d/2 log(1 - rho^2)."""

import math

import numpy as np
import pytest
import torch
from scipy.special import digamma
from torch import Tensor

from semlink.errors import AuditError, WrongField
from semlink.unlearning.information import ESTIMATORS
from semlink.unlearning.information.club import Club
from semlink.unlearning.information.contract import Estimator
from semlink.unlearning.information.gaussian import Gaussian, gaussian_information
from semlink.unlearning.information.info_nce import InfoNce
from semlink.unlearning.information.mine import Mine
from semlink.unlearning.information.nearest import NearestNeighbours

COUNT = 1500
QUICK: dict[str, Estimator] = {
    "club": Club(steps=200, folds=2),
    "gaussian": Gaussian(),
    "info-nce": InfoNce(steps=200, folds=2),
    "mine": Mine(steps=200, folds=2),
    "nearest": NearestNeighbours(),
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pairs(rho: float, size: int, count: int = COUNT, seed: int = 0) -> tuple[Tensor, Tensor]:
    x, noise = torch.randn(2, count, size, generator=generator(seed))
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def information(rho: float, size: int) -> float:
    return -size / 2 * math.log(1 - rho**2)


@pytest.mark.parametrize("size", [1, 5, 20])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_gaussian_is_right_in_any_dimension(rho: float, size: int) -> None:
    """Standard deviation sqrt(size / count) * max(rho, 0.1): five of them, false alarm below 1e-6 each."""
    value = Gaussian().estimate(*pairs(rho, size), generator()).value
    assert value == pytest.approx(information(rho, size), abs=5 * math.sqrt(size / COUNT) * max(rho, 0.1))


def test_gaussian_has_no_bias() -> None:
    """200 sets of 60 pairs, 6 dimensions each: without its correction the mean would be 0.35 nats too high."""
    values = [gaussian_information(*pairs(0.6, 6, 60, seed)) for seed in range(200)]
    error = np.std(values) / math.sqrt(200)
    assert np.mean(values) == pytest.approx(information(0.6, 6), abs=4 * error)
    assert error < 0.03


@pytest.mark.parametrize("name", ["gaussian", "nearest"])
def test_intervals_cover(name: str) -> None:
    """60 trials at 95 %: fewer than 48 covering has probability below 1e-4."""
    estimator, covered = QUICK[name], 0
    for seed in range(60):
        found = estimator.estimate(*pairs(0.7, 1, 300, seed), generator(seed))
        covered += found.low <= information(0.7, 1) <= found.high
    assert covered >= 48


def test_nearest_sees_what_correlation_does_not() -> None:
    """z = x^2 + noise has no correlation with x. Its information is integrated over a grid."""
    x = torch.randn(COUNT, 1, generator=generator())
    z = x.square() + 0.5 * torch.randn(COUNT, 1, generator=generator(1))
    grid = np.linspace(-4, 24, 6001)
    points = np.linspace(-6, 6, 4001)
    weights = np.exp(-(points**2) / 2)
    density = np.array([np.average(np.exp(-((one - points**2) ** 2) / 0.5), weights=weights) for one in grid])
    density /= density.sum() * (grid[1] - grid[0])
    entropy = -(density * np.log(np.maximum(density, 1e-300))).sum() * (grid[1] - grid[0])
    truth = entropy - 0.5 * math.log(2 * math.pi * math.e * 0.25)
    assert truth > 0.5
    assert NearestNeighbours().estimate(x, z, generator()).value == pytest.approx(truth, abs=0.15)
    assert abs(Gaussian().estimate(x, z, generator()).value) < 0.05


def test_nearest_against_a_count_of_all_distances() -> None:
    x, z = (torch.randn(80, 2, generator=generator(seed), dtype=torch.float64) for seed in (3, 4))
    z = z + x
    apart = [(one.unsqueeze(1) - one).abs().amax(dim=2).numpy() for one in (x, z)]
    both = np.maximum(*apart)
    terms = []
    for row in range(80):
        radius = np.sort(both[row])[2]
        counts = [(one[row] < radius).sum() - 1 for one in apart]
        terms.append(sum(digamma(count + 1) for count in counts))
    expected = digamma(2) + digamma(80) - np.mean(terms)
    assert NearestNeighbours(k=2).value(x, z) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("rho", "size"), [(0.0, 2), (0.7, 1), (0.7, 2)])
@pytest.mark.parametrize("name", ["nearest", "mine", "info-nce"])
def test_low_information(name: str, rho: float, size: int) -> None:
    """Within 15 % and 0.1 nats; the standard deviation over seeds is below 0.04."""
    found = QUICK[name].estimate(*pairs(rho, size), generator())
    assert found.value == pytest.approx(information(rho, size), rel=0.15, abs=0.1)


@pytest.mark.parametrize("size", [1, 3])
def test_club_meets_its_own_value_and_not_the_information(size: int) -> None:
    """d rho^2 / (1 - rho^2) = 1.78 a dimension for rho = 0.8, where the information is 0.51."""
    found = Club(steps=400, folds=2).estimate(*pairs(0.8, size), generator())
    assert found.value == pytest.approx(size * 0.64 / 0.36, rel=0.15)


def test_ceilings() -> None:
    """8.3 nats in 10 dimensions: out of reach of what is bounded by the number of records, and of MINE."""
    x, z = pairs(0.9, 10, 600)
    assert information(0.9, 10) > 8.3
    assert InfoNce(steps=100, batch=32, folds=2).estimate(x, z, generator()).high <= math.log(32) + 0.1
    ceiling = digamma(600) - digamma(3) - 1 / 3
    assert NearestNeighbours().estimate(x, z, generator()).value <= ceiling
    assert QUICK["mine"].estimate(x, z, generator()).value < 6
    identical = NearestNeighbours().estimate(x, x, generator()).value
    assert identical == pytest.approx(ceiling)  # which would be infinite


@pytest.mark.parametrize("name", ESTIMATORS)
def test_contract(name: str) -> None:
    """Runs repeat, inputs and the global stream stay, units do not matter, and mistakes are told."""
    x, z = pairs(0.5, 2, 200)
    kept, stream = (x.clone(), z.clone()), torch.get_rng_state()
    assert type(QUICK[name]) is ESTIMATORS[name]
    first, second = (QUICK[name].estimate(x, z, generator(5)) for _ in range(2))
    assert first == second
    assert first.low <= first.value <= first.high
    assert torch.equal(torch.get_rng_state(), stream)
    assert torch.equal(x, kept[0])
    assert torch.equal(z, kept[1])
    scaled = QUICK[name].estimate(1000 * x + 7, z / 1000, generator(5))
    assert scaled.value == pytest.approx(first.value, abs=5e-3)
    with pytest.raises(AuditError, match=r"choose a wider request|fewer dimensions"):
        QUICK[name].estimate(x[:6], z[:6], generator())
    with pytest.raises(AuditError, match="pairs of vectors"):
        QUICK[name].estimate(x[:-1], z, generator())


def test_constant_columns_tell_nothing() -> None:
    x, z = pairs(0.7, 1, 400)
    padded = torch.cat([x, torch.ones(400, 1)], dim=1)
    for name in ("gaussian", "nearest"):
        with_constant, without = (QUICK[name].estimate(one, z, generator()).value for one in (padded, x))
        assert with_constant == pytest.approx(without, abs=0.1)


def test_neighbours_fit_into_a_fold() -> None:
    with pytest.raises(WrongField, match="k=4"):
        NearestNeighbours(k=4)
