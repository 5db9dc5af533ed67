"""Divergences against values that are known."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from semlink.codecs.posterior import Posterior, divergence, divergence_from_prior
from semlink.seeding import generator_for

MASK = torch.tensor([[True, True, False], [True, False, False]])


def gaussian(mean: float, variance: float) -> Posterior:
    values = torch.full((2, 3, 2), mean)
    return Posterior(values, torch.full_like(values, math.log(variance)), MASK, sampled=True)


def drawn(seed: int) -> Posterior:
    generator = generator_for("posterior", seed)
    mean, log_variance = torch.randn((2, 2, 3, 2), generator=generator)
    return Posterior(mean, log_variance, MASK, sampled=True)


@pytest.mark.parametrize(
    ("mean", "variance", "expected"),
    [
        (0.0, 1.0, 0.0),
        (1.0, 1.0, 0.5),
        (0.0, math.e, (math.e - 2) / 2),
        (2.0, 0.5, 0.5 * (0.5 + 4 - 1 - math.log(0.5))),
    ],
)
def test_prior_divergence_of_known_gaussians(mean: float, variance: float, expected: float) -> None:
    torch.testing.assert_close(divergence_from_prior(gaussian(mean, variance)), torch.full((2,), expected))
    torch.testing.assert_close(divergence(gaussian(mean, variance), gaussian(0.0, 1.0)), torch.full((2,), expected))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_divergence_is_the_mean_over_used_dimensions(first_seed: int, second_seed: int) -> None:
    first, second = drawn(first_seed), drawn(second_seed)
    each = kl_divergence(
        Normal(first.mean, (0.5 * first.log_variance).exp()), Normal(second.mean, (0.5 * second.log_variance).exp())
    )
    expected = torch.stack([each[index][MASK[index]].mean() for index in range(2)])
    torch.testing.assert_close(divergence(first, second), expected, rtol=1e-4, atol=1e-5)


def test_equal_fixed_variances_leave_the_scaled_squared_distance() -> None:
    """KL = |z_1 - z_2|^2 / (2 variance), per dimension."""
    torch.testing.assert_close(divergence(gaussian(0.3, 0.05), gaussian(0.1, 0.05)), torch.full((2,), 0.4))


def test_only_a_variational_posterior_is_sampled() -> None:
    fixed = Posterior(torch.ones(2, 3, 2), torch.zeros(2, 3, 2), MASK, sampled=False)
    assert fixed.sample(generator_for(0)) is fixed.mean
