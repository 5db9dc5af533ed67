"""Additive white Gaussian noise."""

import math
from collections.abc import Callable

import pytest
import torch
from scipy import stats

from semlink.channels.awgn import Awgn
from semlink.channels.contract import Frame
from semlink.seeding import generator_for

MakeFrame = Callable[..., Frame]


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_realised_snr(snr_db: float, qpsk_frame: MakeFrame) -> None:
    """393 216 used symbols: 0.05 dB is 7 standard deviations, false alarm below 1e-11."""
    frame = qpsk_frame(512, 1024, padded=True)
    reception = Awgn()(frame, snr_db, generator_for("noise", snr_db))
    noise = (reception.symbols - frame.symbols)[frame.mask]
    signal = frame.symbols[frame.mask]
    realised = 10 * math.log10(signal.abs().square().mean() / noise.abs().square().mean())
    assert abs(realised - snr_db) < 0.05
    assert reception.noise_variance.shape == (512, 1)
    assert reception.noise_variance.mean().item() == pytest.approx(10 ** (-snr_db / 10))


def test_each_example_has_its_own_snr(qpsk_frame: MakeFrame) -> None:
    """2^17 symbols an example: 3 % is 11 standard deviations."""
    frame = qpsk_frame(4, 1 << 17)
    snr_db = torch.tensor([0.0, 20.0, 5.0, math.inf])
    reception = Awgn()(frame, snr_db, generator_for("noise"))
    measured = (reception.symbols - frame.symbols).abs().square().mean(dim=1)
    assert measured.tolist() == pytest.approx([1.0, 0.01, 10**-0.5, 0.0], rel=0.03)
    torch.testing.assert_close(reception.noise_variance, 10 ** (-snr_db / 10).unsqueeze(1))


def test_noise_follows_the_convention_and_not_the_frame(qpsk_frame: MakeFrame) -> None:
    """A frame that breaks the power constraint meets the same noise: N0 is a function of snr_db alone."""
    frame = qpsk_frame(8, 64)
    weak = Frame(0.1 * frame.symbols, frame.mask)
    noise = Awgn()(frame, 3.0, generator_for("noise")).symbols - frame.symbols
    torch.testing.assert_close(Awgn()(weak, 3.0, generator_for("noise")).symbols - weak.symbols, noise)


@pytest.mark.parametrize("snr_db", [0.0, 4.0, 8.0])
def test_qpsk_bit_errors(snr_db: float, qpsk_frame: MakeFrame) -> None:
    """Bit error rate Q(sqrt(Es/N0)) (Proakis, 5th ed., eq. 4.3-13); within the 99 % interval of 2^20 bits."""
    frame = qpsk_frame(512, 1024)
    received = Awgn()(frame, snr_db, generator_for("errors", snr_db)).symbols
    wrong = torch.view_as_real(received).sign() != torch.view_as_real(frame.symbols).sign()
    low, high = stats.binom.interval(0.99, wrong.numel(), stats.norm.sf(math.sqrt(10 ** (snr_db / 10))))
    assert low <= wrong.sum().item() <= high
