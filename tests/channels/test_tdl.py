"""The tapped delay lines that are drawn, against their tables and closed forms."""

import math

import pytest
import torch
from torch import Tensor

from semlink.channels import CHANNELS
from semlink.channels.contract import Channel
from semlink.channels.multipath import doppler_hz
from semlink.channels.tdl import Tdl, TdlA, TdlD
from semlink.seeding import generator_for

each_profile = pytest.mark.parametrize("name", [name for name in CHANNELS if name.startswith("tdl")])


def tdl(name: str) -> type[Tdl]:
    kind: type[Channel] = CHANNELS[name]
    assert issubclass(kind, Tdl)
    return kind


@each_profile
def test_power_of_each_path(name: str) -> None:
    """3000 draws; 9 % is 5 standard errors of a Rayleigh path, false alarm of all five below 1e-4."""
    channel = tdl(name)(speed_kmh=0)
    measured = channel.draw(3000, 1, generator_for("paths", name))[..., 0].abs().square().mean(dim=(0, 1, 2))
    fading, specular = channel.profile.powers()
    expected = torch.tensor([fading[0] + specular, *fading[1:]])
    torch.testing.assert_close(measured, expected, rtol=0.09, atol=0)


@each_profile
def test_mean_gain_is_one(name: str) -> None:
    """About 16 000 independent energies with a standard deviation below 0.4: 1 % is more than 3 standard errors,
    false alarm of all five below 0.01."""
    channel = tdl(name)(speed_kmh=700, transmit=4, receive=4)
    energy = channel.draw(200, 2, generator_for("gains", name)).abs().square().sum(dim=3)
    assert energy.mean().item() == pytest.approx(1.0, rel=0.01)


def test_paths_age_as_the_bessel_function_says() -> None:
    """J0(2 pi f_D b) over a slot at 500 km/h; 46 000 pairs a lag, 0.025 is more than 5 standard errors."""
    channel = TdlA(speed_kmh=500)
    paths = channel.draw(2000, 1, generator_for("ageing")).squeeze(2).squeeze(1)
    powers = torch.tensor(channel.profile.powers()[0])
    for lag in range(1, 14):
        alike = (paths[..., lag] * paths[..., 0].conj()).mean(dim=0) / powers
        apart = lag / channel.grid.symbol_rate
        expected = torch.special.bessel_j0(torch.tensor(2 * math.pi * doppler_hz(500, 3.5) * apart))
        assert abs(alike.mean() - expected) < 0.025
        told = channel.path_correlation(torch.tensor(apart, dtype=torch.float64)) / powers
        torch.testing.assert_close(told.real, expected.double().expand(23), atol=1e-5, rtol=0)


@each_profile
def test_correlation_is_that_of_the_drawn_gains(name: str) -> None:
    """Over frequency and time, line of sight included; 4000 gains, 0.08 is 5 standard errors."""
    channel = tdl(name)(speed_kmh=500, delay_spread_ns=300, allocation="contiguous", transmit=2, receive=2)
    gains = channel.responses(channel.draw(1000, 1, generator_for("correlation", name)), 2).flatten(0, 2)
    gains = gains.view(-1, 24, 14)
    for subcarriers, symbols in ((0, 0), (5, 0), (0, 9), (17, 6), (23, 13)):
        measured = (gains[:, subcarriers, symbols] * gains[:, 0, 0].conj()).mean()
        offsets = torch.tensor([[subcarriers * 30e3], [symbols / channel.grid.symbol_rate]], dtype=torch.float64)
        assert abs(measured - channel.correlation(offsets[0], offsets[1])[0]) < 0.08


def test_first_slots_do_not_depend_on_how_many_follow() -> None:
    channel = TdlA(speed_kmh=120, receive=2)
    short, long = (channel.draw(3, slots, generator_for("slots")) for slots in (1, 3))
    torch.testing.assert_close(short, long[..., :14])
    apart = abs((long[..., 41] - long[..., 0]).abs().mean())
    assert apart > 0.01  # and the channel goes on changing over them


def test_line_of_sight_has_a_random_phase_common_to_all_antennas() -> None:
    """Mean phasor of 1000 draws: 0.15 is nearly 5 standard errors."""
    first = TdlD(transmit=2, receive=2).draw(1000, 1, generator_for("sight"))[:, :, :, 0, 0]
    assert abs(first.mean(dim=0)).max() < 0.15
    share = (first[:, 0, 0] * first[:, 1, 1].conj()).mean()
    _, specular = TdlD.profile.powers()
    assert abs(share - specular) < 0.05


def test_examples_and_antennas_fade_on_their_own() -> None:
    """Correlations of 1000 pairs: 0.16 is 5 standard errors."""
    gains = TdlA(transmit=2, receive=2).draw(1001, 1, generator_for("apart"))[..., 1, 0].flatten(1)
    for first, second in ((gains[:-1, 0], gains[1:, 0]), (gains[:, 0], gains[:, 1]), (gains[:, 0], gains[:, 2])):
        power: Tensor = gains.abs().square().mean()
        assert abs((first * second.conj()).mean() / power) < 0.16
