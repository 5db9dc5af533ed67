"""Bounds on information against Gaussians whose information is known, and InfoNCE at known angles."""

import math

import pytest
import torch

from semlink.codecs.posterior import Posterior
from semlink.unlearning.information.terms import info_nce, information_bound, vclub, vub, vub_moments

NOISE = 0.5  # variance of z given x, where x ~ N(0, 1): I(Z; X) = log(1 + 1 / 0.5) / 2 = 0.549 nats a dimension


def gaussian(batch: int, uses: int = 8) -> tuple[Posterior, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(batch, uses, 2, generator=generator)
    posterior = Posterior(
        mean, torch.full_like(mean, math.log(NOISE)), torch.ones(batch, uses, dtype=torch.bool), sampled=True
    )
    return posterior, posterior.sample(generator)


def test_bounds_of_a_gaussian() -> None:
    """8000 values of z: relative standard deviations under 2 %, four of them allowed."""
    posterior, latent = gaussian(500)
    information = 0.5 * math.log(1 + 1 / NOISE)
    assert vub(posterior).item() == pytest.approx(0.5 * (NOISE - math.log(NOISE)), rel=0.08)
    assert vub_moments(posterior).item() == pytest.approx(information, rel=0.08)
    assert vclub(posterior, latent).item() == pytest.approx(1 / NOISE, rel=0.08)
    assert vub(posterior) > information
    assert vclub(posterior, latent) > information


def test_nothing_is_told_where_all_are_alike() -> None:
    posterior, _ = gaussian(1)
    same = Posterior(*(value.expand(20, 8, 2) for value in (posterior.mean, posterior.log_variance)),
                     torch.ones(20, 8, dtype=torch.bool), sampled=True)  # fmt: skip
    assert vub_moments(same).item() == pytest.approx(0, abs=1e-6)
    assert vclub(same, same.sample(torch.Generator().manual_seed(1))).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("bound", ["vub", "vub-moments", "vclub"])
def test_unused_dimensions_do_not_count(bound: str) -> None:
    posterior, latent = gaussian(30)
    mask = posterior.mask.clone()
    mask[10:, 5:] = False
    spoilt = torch.where(mask.unsqueeze(-1), posterior.mean, 1e3)
    first, second = (
        information_bound(bound, Posterior(mean, posterior.log_variance, mask, sampled=True), latent)  # type: ignore[arg-type]
        for mean in (posterior.mean, spoilt)
    )
    assert first.item() == pytest.approx(second.item())


def test_info_nce_of_known_angles() -> None:
    """All alike: log(1 + B). Positives at cosine 1, negatives at -1, t = 0.5: log(1 + B exp(-4))."""
    one = torch.tensor([[1.0, 0.0]]).expand(3, 2)
    assert info_nce(one, one, one[:2]).item() == pytest.approx(math.log(3))
    assert info_nce(one, 5 * one, -one).item() == pytest.approx(math.log(1 + 3 * math.exp(-4)), rel=1e-5)
    assert info_nce(one, one, -one, temperature=1.0).item() == pytest.approx(math.log(1 + 3 * math.exp(-2)), rel=1e-5)
