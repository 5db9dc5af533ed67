"""QAM: points, labels and likelihoods, beside Sionna's and beside closed forms."""

import math

import pytest
import torch
from scipy import stats

from semlink.channels.sionna_adapter import sionna
from semlink.codecs.digital.constellation import Constellation
from semlink.seeding import generator_for

ORDERS = [1, 2, 4, 6, 8]


def all_labels(bits: int) -> torch.Tensor:
    """Every label once, one after the other: uint8 [1, 2^bits * bits]."""
    places = torch.arange(bits - 1, -1, -1)
    return ((torch.arange(2**bits).unsqueeze(1) >> places) & 1).to(torch.uint8).view(1, -1)


@pytest.mark.parametrize("bits", ORDERS)
def test_points_have_unit_mean_energy_and_gray_labels(bits: int) -> None:
    """Nearest neighbours differ in one bit."""
    labels = all_labels(bits)
    points = Constellation(bits).modulate(labels)[0]
    assert points.dtype == torch.complex64
    assert points.abs().square().mean().item() == pytest.approx(1.0, abs=1e-6)
    distances = (points.unsqueeze(0) - points.unsqueeze(1)).abs()
    distances.fill_diagonal_(math.inf)
    near = distances < distances.min() * 1.01
    differing = (labels.view(-1, 1, bits) != labels.view(1, -1, bits)).sum(dim=2)
    assert (differing[near] == 1).all()


@pytest.mark.parametrize("bits", [2, 4, 6, 8])
def test_points_are_those_of_5g(bits: int) -> None:
    mapping = sionna("mapping")
    mapper = mapping.Mapper("qam", bits, device="cpu")
    labels = all_labels(bits)
    torch.testing.assert_close(Constellation(bits).modulate(labels), mapper(labels.float()))


@pytest.mark.parametrize("bits", [2, 4, 6, 8])
@pytest.mark.parametrize("variance", [1.0, 0.03])
def test_likelihoods_are_those_over_all_points(bits: int, variance: float) -> None:
    """Sionna's demapper sums over all points at once and gives log P(1) / P(0)."""
    symbols = torch.randn(3, 50, dtype=torch.complex64, generator=generator_for("symbols"))
    demapper = sionna("mapping").Demapper("app", "qam", bits, device="cpu")
    expected = -demapper(symbols, torch.tensor(variance))
    found = Constellation(bits).demodulate(symbols, torch.full((3, 1), variance))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_each_symbol_has_its_own_noise() -> None:
    constellation = Constellation(4)
    symbols = torch.randn(2, 6, dtype=torch.complex64, generator=generator_for("symbols"))
    variance = 0.1 + torch.rand(2, 6, generator=generator_for("variance"))
    found = constellation.demodulate(symbols, variance).view(2, 6, 4)
    for row, use in ((0, 0), (1, 5)):
        single = constellation.demodulate(symbols[row : row + 1, use : use + 1], variance[row : row + 1, use : use + 1])
        torch.testing.assert_close(found[row, use], single[0])


@pytest.mark.parametrize(("bits", "snr_db"), [(1, 4.0), (2, 7.0), (4, 13.0)])
def test_uncoded_bit_errors(bits: int, snr_db: float) -> None:
    """Hard decisions over AWGN within the 99 % interval of theory; 2^20 bits.

    Q(sqrt(2 Es/N0)) for BPSK, Q(sqrt(Es/N0)) for QPSK; for a level of 16-QAM, with q(t) = Q(t sqrt(Es/N0 / 5)), the
    mean of (q(1) + q(3)) / 2 for its sign and q(1) + (q(3) - q(5)) / 2 for its other bit.
    """
    constellation = Constellation(bits)
    sent = torch.randint(2, (64, (1 << 14) // bits * bits), dtype=torch.uint8, generator=generator_for("bits", bits))
    symbols = constellation.modulate(sent)
    variance = 10 ** (-snr_db / 10)
    noise = torch.randn(symbols.shape, dtype=torch.complex64, generator=generator_for("noise", bits))
    ratios = constellation.demodulate(symbols + variance**0.5 * noise, torch.tensor(variance))
    wrong = int(((ratios < 0) != sent.bool()).sum())

    def tail(scale: float) -> float:
        return float(stats.norm.sf(scale * variance**-0.5))

    near = 5**-0.5
    expected = {
        1: tail(2**0.5),
        2: tail(1.0),
        4: ((tail(near) + tail(3 * near)) / 2 + tail(near) + (tail(3 * near) - tail(5 * near)) / 2) / 2,
    }[bits]
    low, high = stats.binom.interval(0.99, sent.numel(), expected)
    assert low <= wrong <= high
