"""What the pilots of a block tell of the gains at its data elements."""

from typing import get_args

import pytest
import torch
from torch import Tensor

from semlink.channels.csi import ChannelEstimate
from semlink.channels.grid_estimation import Estimator, Interpolator, build_estimator
from semlink.channels.noise import complex_normal
from semlink.channels.resource_grid import SYMBOLS
from semlink.channels.tdl import Tdl, TdlA
from semlink.seeding import generator_for

each_estimator = pytest.mark.parametrize("estimator", get_args(Estimator))


def estimated(channel: Tdl, estimator: Estimator, n0: float, batch: int = 500) -> tuple[Tensor, ChannelEstimate]:
    """Gains at the data elements of four blocks, and what their pilots tell of them."""
    generator = generator_for("estimated", estimator, n0)
    responses = channel.responses(channel.draw(batch, 1, generator), 4)
    subcarrier, symbol = channel.grid.data_places()
    gains = responses[..., subcarrier * SYMBOLS + symbol]
    pilots = torch.stack(
        [
            responses[:, :, stream][..., places[0] * SYMBOLS + places[1]]
            for stream in range(channel.transmit)
            if (places := channel.grid.pilot_places(stream))
        ],
        dim=2,
    )
    variance = torch.full((batch, 1), n0)
    noise = complex_normal(variance, pilots[0].numel(), generator).view(pilots.shape)
    return gains, build_estimator(estimator, channel.grid, channel.correlation).estimate(pilots + noise, variance)


@each_estimator
@pytest.mark.parametrize("n0", [1.0, 1e-3])
@pytest.mark.parametrize(("transmit", "receive"), [(1, 1), (2, 3)])
def test_variance_is_that_of_the_error(estimator: Estimator, n0: float, transmit: int, receive: int) -> None:
    """At each data element and for each stream of 500 examples or more: 20 % is 4 standard errors, and 6 % of their
    mean, since the elements are not independent."""
    channel = TdlA(300, speed_kmh=300, transmit=transmit, receive=receive)
    gains, known = estimated(channel, estimator, n0)
    ratio = (gains - known.mean).abs().square().mean(dim=(0, 1, 3)) / known.variance[0, 0, :, 0]
    assert (ratio - 1).abs().max() < 0.2
    assert ratio.mean().item() == pytest.approx(1.0, abs=0.06)


@each_estimator
def test_error_is_not_correlated_with_the_estimate(estimator: Estimator) -> None:
    """So that nothing linear is left to be learnt from it: correlations at each element within 5 standard errors."""
    gains, known = estimated(TdlA(300, speed_kmh=300, receive=2), estimator, 0.1)
    error = gains - known.mean
    alike = (error * known.mean.conj()).mean(dim=(0, 1, 3)).abs()
    scale = (error.abs().square().mean() * known.mean.abs().square().mean()).sqrt()
    assert (alike / scale).max() < 5 / 1000**0.5


@pytest.mark.parametrize("n0", [1.0, 1e-3])
def test_more_knowledge_makes_a_better_estimate(n0: float) -> None:
    """The Wiener filter is the best of all; at high SNR linear interpolation beats the nearest pilot."""
    channel = TdlA(300, speed_kmh=300, transmit=2, receive=2)
    spread = {name: estimated(channel, name, n0, 2)[1].variance.mean().item() for name in get_args(Estimator)}
    assert spread["lmmse"] < min(spread["ls"], spread["nearest"])
    if n0 < 0.1:
        assert spread["ls"] < 0.5 * spread["nearest"]


@each_estimator
def test_gains_that_do_not_change_are_known_without_noise(estimator: Estimator) -> None:
    gains, known = estimated(TdlA(0, speed_kmh=0, transmit=2, receive=2), estimator, 0.0, 3)
    torch.testing.assert_close(known.mean, gains, atol=1e-3, rtol=0)
    assert known.variance.max() < 1e-5


def test_overwhelming_noise_leaves_the_law() -> None:
    for estimator in get_args(Estimator):
        known = estimated(TdlA(), estimator, 1e12, 3)[1]
        assert known.mean.abs().max() < 1e-4
        assert known.variance.min().item() == pytest.approx(1.0)


@each_estimator
def test_each_example_has_its_own_noise(estimator: Estimator) -> None:
    channel = TdlA()
    pilots = torch.ones(2, 1, 1, 1, 24, dtype=torch.complex64)
    known = build_estimator(estimator, channel.grid, channel.correlation).estimate(
        pilots, torch.tensor([[1.0], [0.01]])
    )
    assert (known.variance[0] > 1.5 * known.variance[1]).all()


@pytest.mark.parametrize(
    ("estimator", "early", "middle"), [("ls", [1, 0], [5 / 9, 4 / 9]), ("nearest", [1, 0], [1, 0])]
)
def test_weights_in_time(estimator: Estimator, early: list[float], middle: list[float]) -> None:
    """Pilots in symbols 2 and 11: symbol 0 holds the first, symbol 6 lies 4/9 of the way between."""
    channel = TdlA()
    built = build_estimator(estimator, channel.grid, channel.correlation)
    assert isinstance(built, Interpolator)
    pilots = torch.zeros(2, 1, 1, 1, 24, dtype=torch.complex64)
    pilots[0, ..., 0::2], pilots[1, ..., 1::2] = 1, 1
    value = built.combine(pilots, torch.ones(2, 1, 1)).value[:, 0, 0, 0].real
    subcarrier, symbol = channel.grid.data_places()
    for when, expected in ((0, early), (6, middle)):
        there = value[:, (symbol == when) & (subcarrier == 4)]
        assert there.flatten().tolist() == pytest.approx(expected)


def test_weights_in_frequency() -> None:
    """The second of two streams has pilots on odd subcarriers: 0 holds that of 1, 4 lies between 3 and 5."""
    channel = TdlA(transmit=2, receive=2)
    pilots = torch.zeros(1, 1, 2, 1, 12, dtype=torch.complex64)
    pilots[:, :, 1] = torch.arange(1.0, 13, 2).repeat_interleave(2) + 0j
    built = build_estimator("ls", channel.grid, channel.correlation)
    value = built.combine(pilots, torch.ones(1, 1, 1)).value[0, 0, 1, 0].real
    subcarrier, _ = channel.grid.data_places()
    assert [value[subcarrier == place].mean().item() for place in (0, 3, 4, 11)] == pytest.approx([1, 3, 4, 11])
