"""Circular complex Gaussian samples."""

import pytest
import torch
from scipy import stats

from semlink.channels.noise import complex_normal
from semlink.seeding import generator_for


def test_variance_is_of_the_complex_sample() -> None:
    """2^20 samples an example: 1 % is 7 standard deviations for either part, false alarm below 1e-10."""
    variances = torch.tensor([[0.01], [1.0], [30.0]])
    samples = complex_normal(variances, 1 << 20, generator_for("noise"))
    assert samples.dtype == torch.complex64
    for row, variance in zip(samples, variances.squeeze(1).tolist(), strict=True):
        assert row.real.square().mean().item() == pytest.approx(variance / 2, rel=0.01)
        assert row.imag.square().mean().item() == pytest.approx(variance / 2, rel=0.01)
        assert abs((row * row).mean().item()) < 0.01 * variance  # circular: the parts are equal and uncorrelated


def test_parts_are_gaussian_and_examples_differ() -> None:
    """Kolmogorov-Smirnov with 65536 samples, false alarm 1e-3 for each of two parts."""
    samples = complex_normal(torch.full((64, 1), 2.0), 1024, generator_for("noise"))
    for part in (samples.real, samples.imag):
        assert stats.kstest(part.flatten().numpy(), "norm").pvalue > 1e-3
    assert len(torch.unique(samples.real[:, 0])) == 64


def test_no_variance_no_noise() -> None:
    assert not complex_normal(torch.zeros(3, 1), 5, generator_for("noise")).any()
