"""Sionna as a statistical oracle for noise and fading."""

from collections.abc import Callable
from types import ModuleType

import pytest
import torch
from scipy import stats
from torch import Tensor

from semlink.channels import sionna_adapter
from semlink.channels.awgn import Awgn
from semlink.channels.contract import Frame
from semlink.channels.rayleigh import Rayleigh
from semlink.channels.snr import es_from_eb
from semlink.seeding import generator_for, seed_for

MakeFrame = Callable[..., Frame]


@pytest.fixture
def sionna() -> ModuleType:
    """Its physical layer, seeded."""
    phy: ModuleType = sionna_adapter.sionna()
    phy.config.torch_rng("cpu").manual_seed(seed_for("sionna"))
    return phy


def assert_same_law(ours: Tensor, theirs: Tensor) -> None:
    """Two-sample Kolmogorov-Smirnov on real part, imaginary part and energy; false alarm 1e-3 each."""
    first, second = ours.flatten(), theirs.flatten()
    for one, other in (
        (first.real, second.real),
        (first.imag, second.imag),
        (first.abs().square(), second.abs().square()),
    ):
        assert stats.ks_2samp(one.numpy(), other.numpy()).pvalue > 1e-3


@pytest.mark.parametrize("snr_db", [0.0, 15.0])
def test_awgn(snr_db: float, sionna: ModuleType, qpsk_frame: MakeFrame) -> None:
    frame = qpsk_frame(128, 1024)
    ours = Awgn()(frame, snr_db, generator_for("ours", snr_db)).symbols
    theirs = sionna.channel.AWGN(device="cpu")(frame.symbols, torch.tensor(10 ** (-snr_db / 10)))
    assert_same_law(ours - frame.symbols, theirs - frame.symbols)


def test_flat_rayleigh_fading(sionna: ModuleType) -> None:
    ours = Rayleigh().draw(100_000, 1, generator_for("ours"))
    theirs = sionna.channel.GenerateFlatFadingChannel(1, 1, device="cpu")(100_000)
    assert_same_law(ours, theirs)


def test_faded_and_noisy_symbols(sionna: ModuleType) -> None:
    frame = Frame(torch.ones(100_000, 1, dtype=torch.complex64), torch.ones(100_000, 1, dtype=torch.bool))
    ours = Rayleigh(equaliser="none")(frame, 3.0, generator_for("ours")).symbols
    channel = sionna.channel.FlatFadingChannel(1, 1, device="cpu")
    assert_same_law(ours, channel(frame.symbols, torch.tensor(10**-0.3)))


@pytest.mark.parametrize(("bits_per_symbol", "code_rate"), [(2, 1.0), (4, 0.5), (6, 0.75)])
def test_energy_per_bit(bits_per_symbol: int, code_rate: float, sionna: ModuleType) -> None:
    theirs = sionna.utils.ebnodb2no(5.0, bits_per_symbol, code_rate)
    assert 10 ** (-es_from_eb(5.0, bits_per_symbol, code_rate) / 10) == pytest.approx(float(theirs))
