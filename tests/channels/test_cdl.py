"""The clustered delay lines that are drawn, against their tables and closed forms."""

import math

import pytest
import torch

from semlink.channels import CHANNELS
from semlink.channels.cdl import Cdl, CdlA, CdlD
from semlink.channels.contract import Channel
from semlink.channels.multipath import delays_of
from semlink.channels.sionna_adapter import sionna
from semlink.seeding import generator_for

each_profile = pytest.mark.parametrize("name", [name for name in CHANNELS if name.startswith("cdl")])


def cdl(name: str) -> type[Cdl]:
    kind: type[Channel] = CHANNELS[name]
    assert issubclass(kind, Cdl)
    return kind


@each_profile
def test_mean_gain_and_power_of_each_path(name: str) -> None:
    """500 draws at two speeds of ageing; one path has a standard error of 4.5 %, their sum below 1.5 %: 5 of them."""
    channel = cdl(name)(speed_kmh=500)
    power = channel.draw(500, 1, generator_for("paths", name)).abs().square().mean(dim=(0, 1, 2, 4))
    fading, specular = channel.profile.powers()
    expected = torch.tensor([fading[0] + specular, *fading[1:]])
    torch.testing.assert_close(power, expected, rtol=0.23, atol=0)
    assert power.sum().item() == pytest.approx(1.0, abs=0.08)


def test_every_antenna_pair_has_unit_gain() -> None:
    """Only phases differ between the antennas: at a path of one ray, and on average everywhere."""
    gains = CdlA(transmit=2, receive=2).draw(600, 1, generator_for("pairs"))[..., 0]
    energy = gains.abs().square().sum(dim=3).mean(dim=0)
    torch.testing.assert_close(energy, torch.ones(2, 2), atol=0.08, rtol=0)  # 5 standard errors


@each_profile
def test_delays_come_in_our_order(name: str) -> None:
    channel = cdl(name)(delay_spread_ns=100)
    part = sionna("channel.tr38901")
    antenna = part.PanelArray(
        num_rows_per_panel=1, num_cols_per_panel=1, polarization="single", polarization_type="V",
        antenna_pattern="omni", carrier_frequency=3.5e9, device="cpu",
    )  # fmt: skip
    model = part.CDL(name[-1].upper(), 100e-9, 3.5e9, ut_array=antenna, bs_array=antenna, device="cpu")
    _, delays = model(1, 1, 1e3)
    torch.testing.assert_close(delays[0, 0, 0], delays_of(channel.profile, 100).float())


def test_paths_age_as_motion_in_all_directions_says() -> None:
    """sin(x) / x over a slot at 500 km/h; 1000 gains of a pair, 0.16 is 5 standard errors."""
    channel = CdlA(speed_kmh=500)
    paths = channel.draw(1000, 1, generator_for("ageing")).squeeze(2).squeeze(1)
    gains = channel.responses(paths[:, None, None], 1)[:, 0, 0, 0, :14]
    for lag in (3, 6, 9, 13):
        measured = (gains[:, lag] * gains[:, 0].conj()).mean()
        apart = torch.tensor([0.0, lag / channel.grid.symbol_rate], dtype=torch.float64)
        expected = channel.correlation(apart[:1], apart[1:])[0]
        assert abs(measured - expected) < 0.16
    assert expected.real == pytest.approx(math.sin(4.7202) / 4.7202, abs=1e-3)  # x = 2 pi 1621.5 Hz 13 / 28 ms


def test_directions_correlate_the_antennas() -> None:
    """Neighbours by more than 5 standard errors of 400 draws, and all of them where there is a line of sight."""
    gains = CdlA(receive=4).draw(400, 1, generator_for("array"))[:, :, 0, :, 0].sum(dim=2)
    assert (gains[:, 0] * gains[:, 1].conj()).mean().abs() > 0.25
    sight = CdlD(receive=4).draw(200, 1, generator_for("array"))[:, :, 0, 0, 0]
    assert (sight[:, 0] * sight[:, 3].conj()).mean().abs() > 0.75


def test_line_of_sight_has_a_random_phase() -> None:
    """Mean phasor of 1000 draws: 0.15 is nearly 5 standard errors."""
    assert CdlD().draw(1000, 1, generator_for("sight"))[:, 0, 0, 0, 0].mean().abs() < 0.15


def test_first_slots_do_not_depend_on_how_many_follow() -> None:
    channel = CdlA(speed_kmh=120)
    short, long = (channel.draw(3, slots, generator_for("slots")) for slots in (1, 3))
    torch.testing.assert_close(short, long[..., :14])
