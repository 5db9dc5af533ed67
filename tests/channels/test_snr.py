"""Es/N0 in dB to noise variance, and to Eb/N0 and back."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semlink.channels.snr import eb_from_es, es_from_eb, noise_variance
from semlink.channels.snr_db import HIGHEST_DB, is_snr_db
from semlink.errors import ChannelError

DECIBELS = st.floats(-100, 100)
RATES = {
    "bits_per_symbol": st.floats(0.1, 12),
    "code_rate": st.floats(0.01, 1),
    "pilot_overhead": st.floats(0, 2),
    "prefix_overhead": st.floats(0, 1),
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-300, True), (0.0, True), (100.0, True), (math.inf, True), (-301, False), (100.5, False), (math.nan, False),
     (-math.inf, False), (True, False), ("6", False), (None, False), (10**400, False)],
)  # fmt: skip
def test_what_is_an_snr_to_measure_at(value: object, expected: bool) -> None:
    assert is_snr_db(value) is expected


def test_the_noise_at_the_highest_snr_is_not_lost_in_rounding() -> None:
    """Rounding to float32 changes the power of the noise by less than the 0.05 dB that tests of the SNR allow."""
    generator = torch.Generator().manual_seed(0)
    symbols = torch.polar(torch.ones(100_000), 6.28 * torch.rand(100_000, generator=generator))
    sigma = math.sqrt(10 ** (-HIGHEST_DB / 10) / 2)
    noise = sigma * torch.randn(100_000, 2, generator=generator)
    arrived = symbols + torch.view_as_complex(noise)
    power = (arrived - symbols).abs().double().square().mean().item()
    meant = noise.double().square().sum(1).mean().item()
    assert abs(10 * math.log10(power / meant)) < 0.05


@pytest.mark.parametrize(("snr_db", "expected"), [(0, 1.0), (10.0, 0.1), (-20.0, 100.0), (math.inf, 0.0)])
def test_noise_variance_of_one_number(snr_db: float, expected: float) -> None:
    variance = noise_variance(snr_db, 3, "cpu")
    assert variance.shape == (3, 1)
    assert variance.dtype == torch.float32
    assert variance.squeeze(1).tolist() == pytest.approx([expected] * 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_noise_variance_of_one_number_per_example(dtype: torch.dtype) -> None:
    variance = noise_variance(torch.tensor([0, 10, 20], dtype=dtype), 3, "cpu")
    assert variance.dtype == torch.float32
    assert variance.squeeze(1).tolist() == pytest.approx([1.0, 0.1, 0.01])


def test_zero_dimensional_tensor_is_one_number() -> None:
    torch.testing.assert_close(noise_variance(torch.tensor(7.0), 2, "cpu"), noise_variance(7.0, 2, "cpu"))


@pytest.mark.parametrize("shape", [(3,), (1,), (4, 1), (1, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ChannelError, match=r"has shape .* 4 examples; give one number or \[4\]"):
        noise_variance(torch.zeros(shape), 4, "cpu")


@pytest.mark.parametrize("value", [math.nan, -math.inf, -400.0])
@pytest.mark.parametrize("per_example", [False, True])
def test_what_is_not_an_snr_is_refused(value: float, per_example: bool) -> None:
    snr_db = torch.tensor([10.0, value]) if per_example else value
    with pytest.raises(ChannelError, match="give Es/N0 in dB from -300 up, or inf"):
        noise_variance(snr_db, 2, "cpu")


@given(DECIBELS)
def test_noise_variance_is_the_inverse_of_the_snr(snr_db: float) -> None:
    assert -10 * math.log10(noise_variance(snr_db, 1, "cpu").item()) == pytest.approx(snr_db, abs=1e-4)


@given(DECIBELS, st.fixed_dictionaries(RATES))
def test_es_and_eb_round_trip(snr_db: float, rates: dict[str, float]) -> None:
    assert es_from_eb(eb_from_es(snr_db, **rates), **rates) == pytest.approx(snr_db, abs=1e-9)


def test_eb_of_known_links() -> None:
    assert eb_from_es(10.0, bits_per_symbol=2) == pytest.approx(10 - 3.0103, abs=1e-4)
    assert eb_from_es(10.0, bits_per_symbol=4, code_rate=0.5) == pytest.approx(10 - 3.0103, abs=1e-4)
    # 14 OFDM symbols of which 2 are pilots, 72 subcarriers, cyclic prefix of 6: 14/12 * 78/72 = 1.2639
    overhead = eb_from_es(0.0, bits_per_symbol=1, pilot_overhead=2 / 12, prefix_overhead=6 / 72)
    assert overhead == pytest.approx(10 * math.log10(1.2639), abs=1e-4)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bits_per_symbol", 0.0),
        ("code_rate", 0.0),
        ("code_rate", 1.5),
        ("pilot_overhead", -0.1),
        ("prefix_overhead", math.nan),
    ],
)
def test_impossible_rates_are_refused(field: str, value: float) -> None:
    with pytest.raises(ChannelError, match=f"{field} is"):
        eb_from_es(0.0, **({"bits_per_symbol": 2.0} | {field: value}))
