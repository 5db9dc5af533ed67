"""The limits of separation against closed forms."""

import math

import pytest
import torch
from scipy.special import exp1
from scipy.stats import norm

from semlink.channels import build_channel
from semlink.errors import WrongField
from semlink.seeding import generator_for
from semlink.simulator.capacity import (
    bits_of,
    carried_bits,
    effective_snr_db,
    limit_snr_db,
    mean_information,
    usable_snr,
)
from semlink.simulator.link_adaptation import stand_in

POINTS = [-5.0, 0.0, 10.0, 20.0]


@pytest.mark.parametrize("snr_db", POINTS)
def test_awgn_carries_what_shannon_says(snr_db: float) -> None:
    frame = stand_in(torch.tensor([100, 7]))
    reception = build_channel("awgn")(frame, snr_db, generator_for(0))
    capacity = math.log2(1 + 10 ** (snr_db / 10))
    assert carried_bits(reception, 0.0).tolist() == pytest.approx([100 * capacity, 7 * capacity], rel=1e-5)
    assert effective_snr_db(reception).tolist() == pytest.approx([snr_db, snr_db], abs=1e-4)
    assert mean_information("awgn", snr_db)[0] == pytest.approx(capacity, rel=1e-5)


@pytest.mark.parametrize("coherence", ["block", "symbol"])
@pytest.mark.parametrize("snr_db", POINTS)
def test_rayleigh_fading_has_its_ergodic_capacity(snr_db: float, coherence: str) -> None:
    """E log2(1 + g SNR) with g exponential; 2000 fades: 3 % is over 4 standard errors at -5 dB, more above."""
    inverse = 10 ** (-snr_db / 10)
    theory = math.exp(inverse) * exp1(inverse) / math.log(2)
    tolerance = 0.07 if coherence == "block" else 0.01
    assert mean_information(f"rayleigh:coherence={coherence}", snr_db)[0] == pytest.approx(theory, rel=tolerance)


@pytest.mark.parametrize("equaliser", ["zf", "mmse"])
def test_the_equaliser_does_not_change_what_a_symbol_can_carry(equaliser: str) -> None:
    channel = build_channel(f"rayleigh:coherence=symbol,equaliser={equaliser}")
    reception = channel(stand_in(torch.tensor([500])), 5.0, generator_for(1))
    gains = channel.draw(1, 500, generator_for(1))
    assert torch.allclose(usable_snr(reception), gains.abs().square().double() * 10**0.5, rtol=2e-3)


def test_short_blocks_carry_less() -> None:
    """The normal approximation of 1000 complex uses at 0 dB: V = (1 - 1/4) log2(e)^2, a block error rate of 1e-3."""
    uses = torch.tensor([1000])
    reception = build_channel("awgn")(stand_in(uses), 0.0, generator_for(0))
    dispersion = 0.75 * math.log2(math.e) ** 2
    expected = 1000 - math.sqrt(1000 * dispersion) * norm.isf(1e-3) + math.log2(1000) / 2
    assert carried_bits(reception, 1e-3).item() == pytest.approx(expected, rel=1e-4)
    assert bits_of(uses, torch.tensor([2.0]), torch.tensor([100.0]), 1e-3).item() == 0


@pytest.mark.parametrize("channel", ["awgn", "rayleigh"])
@pytest.mark.parametrize("error_rate", [0.0, 1e-2])
def test_the_limit_is_where_the_bits_fit(channel: str, error_rate: float) -> None:
    uses = torch.tensor([120.0, 240.0], dtype=torch.float64)
    found = limit_snr_db(channel, torch.tensor([150.0, 330.0], dtype=torch.float64), uses, error_rate)
    for snr_db, fits in ((found + 0.1, True), (found - 0.1, False)):
        information, dispersion = mean_information(channel, snr_db)
        carried = bits_of(uses, uses * information, uses * dispersion, error_rate).sum().item()
        assert (carried >= 480) == fits


def test_limits_beyond_reach() -> None:
    uses = torch.tensor([10.0], dtype=torch.float64)
    assert limit_snr_db("awgn", 1e6 * uses, uses, 0.0) == math.inf
    assert limit_snr_db("awgn", 0 * uses, uses, 0.0) == -math.inf
    with pytest.raises(WrongField, match=r"below 0\.5"):
        limit_snr_db("awgn", uses, uses, 0.5)
