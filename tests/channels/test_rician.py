"""Rician fading: the line of sight."""

import math

import pytest
import torch

from semlink.channels.contract import Frame
from semlink.channels.rayleigh import Rayleigh
from semlink.channels.rician import Rician
from semlink.errors import WrongField
from semlink.seeding import generator_for


@pytest.mark.parametrize("k_factor_db", [-10.0, 0.0, 9.0])
def test_line_of_sight_over_scatter(k_factor_db: float) -> None:
    """|E h|^2 / var h = K with phase 0; 2^18 gains, 0.3 dB is 5 standard deviations at -10 dB, more elsewhere."""
    gains = Rician(k_factor_db, coherence="symbol").draw(1 << 9, 1 << 9, generator_for("gains", k_factor_db))
    mean = gains.mean().item()
    scatter = (gains - mean).abs().square().mean().item()
    assert 10 * math.log10(abs(mean) ** 2 / scatter) == pytest.approx(k_factor_db, abs=0.3)
    assert mean.real > 0
    assert abs(mean.imag) < 0.01
    assert abs(mean) ** 2 + scatter == pytest.approx(1.0, rel=0.01)


def test_limits_are_rayleigh_and_no_fading() -> None:
    scatter = Rician(-100.0).draw(1000, 1, generator_for("gains"))
    torch.testing.assert_close(scatter, Rayleigh().draw(1000, 1, generator_for("gains")), atol=1e-4, rtol=0)
    steady = Rician(100.0).draw(1000, 1, generator_for("gains"))
    torch.testing.assert_close(steady, torch.ones_like(steady), atol=1e-4, rtol=0)


def test_unknown_gains_leave_what_the_law_says() -> None:
    """|m - 1|^2 + s + N0 with m^2 = s = 1/2 at K = 0 dB."""
    frame = Frame(torch.ones(2, 4, dtype=torch.complex64), torch.ones(2, 4, dtype=torch.bool))
    reception = Rician(0.0, csi="none", equaliser="none")(frame, 10.0, generator_for(0))
    assert reception.noise_variance.unique().tolist() == pytest.approx([(1 - 0.5**0.5) ** 2 + 0.5 + 0.1])


@pytest.mark.parametrize("k_factor_db", [math.nan, math.inf, -math.inf, 101.0])
def test_impossible_k_factors_are_refused(k_factor_db: float) -> None:
    with pytest.raises(WrongField, match="give a number from -100 to 100"):
        Rician(k_factor_db)
