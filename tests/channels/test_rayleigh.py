"""Rayleigh fading against closed forms."""

import math
from collections.abc import Callable

import pytest
import torch
from scipy import special

from semlink.channels.contract import Frame, Reception
from semlink.channels.equaliser import Equaliser
from semlink.channels.gains import Coherence
from semlink.channels.rayleigh import Rayleigh
from semlink.seeding import generator_for

MakeFrame = Callable[..., Frame]


def assert_bit_error_rate(frame: Frame, reception: Reception, expected: float) -> None:
    """Within the 99 % interval; bits of one example share fades, so the example is the unit of counting."""
    wrong = torch.view_as_real(reception.symbols).sign() != torch.view_as_real(frame.symbols).sign()
    rates = wrong.double().mean(dim=(1, 2))
    assert abs(rates.mean().item() - expected) < 2.576 * rates.std().item() / len(rates) ** 0.5


@pytest.mark.parametrize("coherence", ["symbol", "block", 4])
@pytest.mark.parametrize("equaliser", ["zf", "mmse"])
@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_qpsk_bit_errors(coherence: Coherence, equaliser: Equaliser, snr_db: float, qpsk_frame: MakeFrame) -> None:
    """(1 - sqrt(g / (2 + g))) / 2 with g = Es/N0 (Proakis, 5th ed., eq. 13.3-7, two bits a symbol)."""
    frame = qpsk_frame(60_000, 8)
    channel = Rayleigh(coherence, equaliser=equaliser)
    reception = channel(frame, snr_db, generator_for("errors", str(coherence), snr_db))
    snr = 10 ** (snr_db / 10)
    assert_bit_error_rate(frame, reception, (1 - math.sqrt(snr / (2 + snr))) / 2)


@pytest.mark.parametrize("pilots", [1, 3])
@pytest.mark.parametrize("coherence", ["symbol", "block", 4])
@pytest.mark.parametrize("snr_db", [0.0, 10.0])
def test_qpsk_bit_errors_with_estimated_gains(
    coherence: Coherence, pilots: int, snr_db: float, qpsk_frame: MakeFrame
) -> None:
    """(1 - m / sqrt(2 - m^2)) / 2, m the correlation of the received symbol y with the pilots' mean u.

    y = h s + n and u = h + e are jointly Gaussian given s, with E|y|^2 = 1 + N0, E|u|^2 = 1 + N0 / pilots and
    |E y u*| = 1, so m^2 = 1 / ((1 + N0)(1 + N0 / pilots)); the form is that of Proakis, 5th ed., appendix C.
    """
    frame = qpsk_frame(60_000, 8)
    channel = Rayleigh(coherence, csi="estimated", pilots=pilots)
    reception = channel(frame, snr_db, generator_for("pilots", str(coherence), pilots, snr_db))
    n0 = 10 ** (-snr_db / 10)
    m_squared = 1 / ((1 + n0) * (1 + n0 / pilots))
    assert_bit_error_rate(frame, reception, (1 - math.sqrt(m_squared / (2 - m_squared))) / 2)


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_mean_squared_error_of_mmse(snr_db: float, qpsk_frame: MakeFrame) -> None:
    """E[N0 / (|h|^2 + N0)] = N0 exp(N0) E1(N0); 200 000 fades, 3 % is more than 4.5 standard deviations."""
    frame = qpsk_frame(100_000, 2)
    reception = Rayleigh("symbol")(frame, snr_db, generator_for("mmse", snr_db))
    n0 = 10 ** (-snr_db / 10)
    expected = n0 * math.exp(n0) * special.exp1(n0)
    assert (reception.symbols - frame.symbols).abs().square().mean().item() == pytest.approx(expected, rel=0.03)
    assert reception.noise_variance.mean().item() == pytest.approx(expected, rel=0.03)
