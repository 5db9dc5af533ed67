"""Equaliser weights and the error that they leave."""

from typing import get_args

import pytest
import torch
from torch import Tensor

from semlink.channels.csi import ChannelEstimate
from semlink.channels.equaliser import FLOOR, Equaliser, equalise
from semlink.seeding import generator_for

N0 = torch.tensor([[0.2]])
KNOWN = ChannelEstimate(torch.tensor([[0.6 + 0.8j, -0.3j]]), torch.tensor([[0.1]]))


def error_of(weight: Tensor) -> Tensor:
    """|g m - 1|^2 + |g|^2 (v + N0) of any weight."""
    bias, noise = (weight * KNOWN.mean - 1).abs().square(), KNOWN.variance + N0
    return bias + weight.abs().square() * noise


def test_weights() -> None:
    torch.testing.assert_close(equalise("zf", KNOWN, N0).weight, 1 / KNOWN.mean)
    mmse = torch.tensor([[(0.6 - 0.8j) / 1.3, 0.3j / 0.39]])
    torch.testing.assert_close(equalise("mmse", KNOWN, N0).weight, mmse)
    torch.testing.assert_close(equalise("none", KNOWN, N0).weight, torch.ones(1, 2, dtype=torch.complex64))


def test_mmse_leaves_the_smallest_error() -> None:
    """Every step away from the mmse weight, in any direction, makes the error larger."""
    mmse = equalise("mmse", KNOWN, N0)
    torch.testing.assert_close(mmse.error, error_of(mmse.weight))
    for step in (0.05, -0.05, 0.05j, -0.05j):
        assert (error_of(mmse.weight + step) > mmse.error).all()


@pytest.mark.parametrize("equaliser", get_args(Equaliser))
def test_error_is_that_of_drawn_gains_and_noise(equaliser: Equaliser) -> None:
    """2^18 draws of gain, symbol and noise: 2 % is more than 7 standard deviations."""
    result = equalise(equaliser, KNOWN, N0)
    first, second = torch.randn(2, 1 << 18, 2, dtype=torch.complex64, generator=generator_for("draws"))
    phase = torch.rand(1 << 18, 2, generator=generator_for("phases")) * 2 * torch.pi
    symbols = torch.polar(torch.ones_like(phase), phase)
    received = (KNOWN.mean + KNOWN.variance.sqrt() * first) * symbols + N0.sqrt() * second
    measured = (result.weight * received - symbols).abs().square().mean(dim=0, keepdim=True)
    torch.testing.assert_close(measured, result.error, rtol=0.02, atol=0)


@pytest.mark.parametrize("equaliser", get_args(Equaliser))
@pytest.mark.parametrize("gain", [0.0, 1e-30, 1e-4, 1e-2])
def test_deep_fades_stay_finite_and_the_error_exact(equaliser: Equaliser, gain: float) -> None:
    result = equalise(equaliser, ChannelEstimate(torch.tensor([[gain + 0j]]), torch.zeros(1, 1)), torch.zeros(1, 1))
    assert abs(result.weight.item()) <= FLOOR**-0.5 * 1.001
    expected = abs(result.weight.item() * gain - 1) ** 2  # without noise only the part that is not inverted remains
    assert result.error.item() == pytest.approx(expected, abs=1e-6)
