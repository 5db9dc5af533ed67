"""Delays, Doppler, and what a subcarrier hides."""

import math

import pytest
import torch

from semlink.channels import profiles
from semlink.channels.multipath import (
    carrier_interference,
    delays_of,
    doppler_hz,
    frequency_response,
    late_power,
    turns,
)
from semlink.channels.sionna_adapter import sionna
from semlink.seeding import generator_for


def test_doppler_of_known_speeds() -> None:
    assert doppler_hz(3.0, 3.5) == pytest.approx(9.73, abs=0.01)
    assert doppler_hz(120.0, 3.5) == pytest.approx(389.2, abs=0.1)
    assert doppler_hz(0.0, 28.0) == 0.0


def test_frequency_response_is_that_of_sionna() -> None:
    paths = torch.randn(2, 1, 3, 1, 2, 23, 14, dtype=torch.complex64, generator=generator_for("paths"))
    delays, frequencies = delays_of(profiles.TDL_A, 300), torch.arange(-300, 300).double() * 30e3
    tau = delays.float().expand(2, 1, 1, 23)
    theirs = sionna("channel").cir_to_ofdm_channel(frequencies.float(), paths, tau)
    ours = frequency_response(paths, turns(frequencies, delays).to(torch.complex64))
    torch.testing.assert_close(ours.mT, theirs, atol=1e-3, rtol=1e-3)


def test_late_power() -> None:
    """Of two equal paths one comes later than the guard; a path right at its end is still in time."""
    profile = profiles.Profile("A", (0.0, 1.0), (-3.0, -3.0))
    assert late_power(profile, 100.0, 99e-9) == pytest.approx(0.5)
    assert late_power(profile, 100.0, 101e-9) == 0.0
    assert late_power(profiles.Profile("A", (0.0, 1.0), (0.0, 0.0), specular_db=0.0), 100.0, 0.0) == pytest.approx(
        1 / 3
    )


@pytest.mark.parametrize("share", [0.01, 0.03])
def test_carrier_interference_bounds_that_of_a_ring_of_scatterers(share: float) -> None:
    """Power that leaves a subcarrier is 1 - mean of J0(2 pi f_D (s - t)) over s and t in the symbol: never more than
    the bound, and at a few per cent within a tenth of it."""
    doppler = math.sqrt(24 * share) / (2 * math.pi)
    apart = torch.linspace(0, 1, 2001, dtype=torch.float64)
    kept = torch.trapezoid(2 * (1 - apart) * torch.special.bessel_j0(2 * math.pi * doppler * apart), apart)
    assert carrier_interference(doppler, 1.0) == pytest.approx(share)
    assert 0.9 * share < 1 - kept.item() <= share
