"""The OFDM link over 3GPP channels: counting, fading, knowledge, and an honest noise variance."""

import copy
import math
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from semlink.channels import build_channel
from semlink.channels.contract import Frame, Reception
from semlink.channels.detection import Detector
from semlink.channels.ofdm import Ofdm
from semlink.channels.sionna_adapter import sionna
from semlink.channels.tdl import TdlA, TdlC, TdlD
from semlink.errors import WrongField
from semlink.seeding import generator_for

MakeFrame = Callable[..., Frame]


def ofdm(text: str) -> Ofdm:
    channel = build_channel(text)
    assert isinstance(channel, Ofdm)
    return channel


def means(reception: Reception, frame: Frame) -> tuple[float, float, Tensor]:
    """Realised and reported error over the used symbols, and their ratio in each example."""
    error = (reception.symbols - frame.symbols).abs().square()
    ratio = torch.where(frame.mask, error / reception.noise_variance, 0).sum(dim=1) / frame.mask.sum(dim=1)
    return error[frame.mask].mean().item(), reception.noise_variance[frame.mask].mean().item(), ratio


EXACT = [
    "tdl-a",
    "tdl-b:equaliser=zf",
    "tdl-c:csi=estimated",
    "tdl-c:csi=estimated,speed_kmh=120,delay_spread_ns=300",
    "tdl-c:csi=estimated,speed_kmh=120,delay_spread_ns=300,estimator=nearest",
    "tdl-c:csi=estimated,speed_kmh=120,delay_spread_ns=300,estimator=lmmse,pilot_symbols=4",
    "tdl-a:csi=estimated,estimator=nearest,pilot_symbols=1",
    "tdl-a:receive=2",
    "tdl-a:csi=estimated,receive=2,equaliser=zf",
    "tdl-a:transmit=2,receive=2",
    "tdl-a:csi=estimated,transmit=2,receive=2,estimator=lmmse",
    "tdl-a:csi=estimated,transmit=2,receive=3,equaliser=zf,speed_kmh=120",
    "tdl-b:csi=estimated,transmit=3,receive=4",
    "tdl-a:csi=estimated,transmit=4,receive=4,speed_kmh=120",
    "tdl-d",
    "cdl-c",
    "cdl-e:transmit=2,receive=2",
]


@pytest.mark.parametrize("text", EXACT)
@pytest.mark.parametrize("snr_db", [-3.0, 10.0, 25.0])
def test_noise_variance_is_the_measured_error(text: str, snr_db: float, qpsk_frame: MakeFrame) -> None:
    """Their ratio is 1, within 4 standard errors over 60 examples of up to 700 symbols: false alarm of the whole set of
    51 tests below 4e-3. A standard error is 0.3 to 2 %, and 4 % where Doppler makes most of the error."""
    frame = qpsk_frame(60, 700, padded=True)
    reception = build_channel(text)(frame, snr_db, generator_for("variance", text, snr_db))
    _, _, ratio = means(reception, frame)
    assert abs(ratio.mean().item() - 1) < 4 * min(0.05, ratio.std().item() / len(ratio) ** 0.5)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("tdl-d:csi=estimated", 0.8, 1.0),
        ("tdl-e:csi=estimated,speed_kmh=120", 0.8, 1.0),
        ("tdl-d:csi=estimated,transmit=2,receive=2", 0.95, 1.25),
        ("cdl-c:csi=estimated,speed_kmh=120", 0.9, 1.1),
        ("cdl-b:csi=estimated,transmit=2,receive=2,estimator=lmmse", 0.9, 1.1),
        ("cdl-e:csi=estimated,transmit=2,receive=2", 0.95, 1.3),
    ],
)
def test_noise_variance_where_gains_are_not_gaussian(
    text: str, least: float, most: float, qpsk_frame: MakeFrame
) -> None:
    """A line of sight behind estimated gains: at 10 dB up to a fifth too cautious with one stream, and as much too bold
    with two that arrive from the same direction. Without a line of sight, clusters are right within a few per cent."""
    frame = qpsk_frame(100, 700)
    realised, reported, _ = means(build_channel(text)(frame, 10.0, generator_for("rough", text)), frame)
    assert least < realised / reported < most


def test_energy_of_a_slot_fades_as_the_profile_says() -> None:
    """The variance over slots of the mean energy is the mean of |R|^2 over pairs of elements: 0.2 here, and none if the
    channel were scaled to unit energy slot by slot, as Sionna does on request. 20 % is over 3
    standard errors."""
    channel = TdlA()
    paths = channel.draw(1000, 1, generator_for("fading"))
    energy = channel.responses(paths, 51)[..., ::5].abs().square().mean(dim=(1, 2, 3, 4))
    frequencies = channel.grid.frequencies()[:, ::4].flatten()
    apart = (frequencies.unsqueeze(1) - frequencies).flatten()
    expected = channel.correlation(apart, torch.zeros_like(apart)).abs().square().mean().item()
    assert energy.mean().item() == pytest.approx(1.0, abs=0.05)
    assert energy.var().item() == pytest.approx(expected, rel=0.2)
    assert expected > 0.1
    tau = torch.tensor(channel.profile.delays).float().mul(100e-9).expand(1000, 1, 1, -1)
    paths = paths[:, None, :, None]
    theirs = sionna("channel").cir_to_ofdm_channel(frequencies.float(), paths, tau, normalize=True)
    assert theirs.abs().square().mean(dim=(1, 2, 3, 4, 5, 6)).std() < 1e-3


@pytest.mark.parametrize("equaliser", ["mmse", "zf"])
@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_qpsk_bit_errors(equaliser: Detector, snr_db: float, qpsk_frame: MakeFrame) -> None:
    """(1 - sqrt(g / (2 + g))) / 2 as over flat Rayleigh fading (Proakis, 5th ed., eq. 13.3-7), within the 99 %
    interval; the example is the unit of counting."""
    frame = qpsk_frame(400, 1500)
    channel = TdlC(300, equaliser=equaliser)
    reception = channel(frame, snr_db, generator_for("errors", snr_db))
    wrong = torch.view_as_real(reception.symbols).sign() != torch.view_as_real(frame.symbols).sign()
    rates = wrong.double().mean(dim=(1, 2))
    snr = 10 ** (snr_db / 10)
    expected = (1 - math.sqrt(snr / (2 + snr))) / 2
    assert abs(rates.mean().item() - expected) < 2.576 * rates.std().item() / len(rates) ** 0.5


@pytest.mark.parametrize(("transmit", "receive"), [(1, 2), (2, 2), (2, 4), (4, 4)])
def test_error_of_several_antennas(transmit: int, receive: int, qpsk_frame: MakeFrame) -> None:
    """E of the mean of N0 diag (H^H H / T + N0)^-1 for independent Rayleigh gains, by 100 000 draws of them: unit
    energy over the transmit antennas, N0 at each receive antenna. 4 % is 4 standard errors."""
    n0 = 0.1
    gains = torch.randn(100_000, receive, transmit, dtype=torch.complex64, generator=generator_for("iid"))
    inverse = torch.linalg.inv(gains.mH @ gains / transmit + n0 * torch.eye(transmit))
    expected = n0 * inverse.diagonal(dim1=1, dim2=2).real.mean().item()
    frame = qpsk_frame(150, 1500)
    channel = TdlC(300, transmit=transmit, receive=receive)
    realised, reported, _ = means(channel(frame, 10.0, generator_for("several", transmit, receive)), frame)
    assert reported == pytest.approx(expected, rel=0.04)
    assert realised == pytest.approx(expected, rel=0.04)


def test_more_receive_antennas_leave_less_error(qpsk_frame: MakeFrame) -> None:
    frame = qpsk_frame(40, 400)
    errors = [means(TdlA(receive=n, csi="estimated")(frame, 8.0, generator_for(0)), frame)[0] for n in (1, 2, 4)]
    assert errors[0] > 1.5 * errors[1] > 2 * errors[2]


@pytest.mark.parametrize(
    "text", ["tdl-a", "tdl-a:receive=3", "tdl-a:transmit=2,receive=2", "tdl-a:transmit=4,receive=4"]
)
@pytest.mark.parametrize("equaliser", ["mmse", "zf"])
def test_without_noise_the_symbols_come_back(text: str, equaliser: Detector, qpsk_frame: MakeFrame) -> None:
    """But for the few elements whose streams are closer than single precision tells apart, and these are reported."""
    frame = qpsk_frame(20, 500, padded=True)
    joint = "," if ":" in text else ":"
    reception = build_channel(f"{text}{joint}equaliser={equaliser}")(frame, math.inf, generator_for("back", text))
    error = (reception.symbols - frame.symbols).abs()[frame.mask]
    assert error.median() < 1e-4
    assert (error < 0.01).double().mean() > 0.999
    assert reception.noise_variance[frame.mask].median() < 1e-8


@pytest.mark.parametrize(
    ("text", "used", "data", "blocks"),
    [
        ("tdl-a", 1, 1, 1),
        ("tdl-a", 144, 144, 1),
        ("tdl-a", 145, 145, 2),
        ("tdl-a:csi=estimated", 145, 145, 2),
        ("tdl-a:pilot_symbols=1", 156, 156, 1),
        ("tdl-a:transmit=2,receive=2", 145, 73, 1),
        ("tdl-a:transmit=4,receive=4,pilot_symbols=4", 961, 241, 3),
        ("tdl-a:resource_blocks=1", 1000, 1000, 7),
        ("cdl-a", 0, 0, 0),
    ],
)
def test_uses_are_counted(text: str, used: int, data: int, blocks: int) -> None:
    """A block costs 12 subcarriers x 14 symbols x 15 / 14 = 180 uses: at 30 kHz, 360 kHz for half a millisecond."""
    mask = torch.zeros(2, 1200, dtype=torch.bool)
    mask[0, 1200 - used :] = True
    channel = build_channel(text)
    assert channel.data_uses(mask).tolist() == [data, 0]
    assert channel.total_uses(mask).tolist() == [180 * blocks, 0]
    assert 180 * blocks == pytest.approx(blocks * 168 * (1 + 1 / 14))


@pytest.mark.parametrize("text", ["tdl-a:speed_kmh=120", "cdl-a:transmit=2,receive=2"])
def test_codecs_with_different_numbers_of_uses_meet_the_same_fades(text: str) -> None:
    """A grant of one block is the first block of a grant of 60, in the same slot."""
    channel = ofdm(text)
    short, long = (
        channel.responses(
            channel.draw(3, channel.grid.slots(mask), generator_for(0)), int(channel.grid.blocks(mask).max())
        )
        for mask in (torch.ones(3, 20, dtype=torch.bool), torch.ones(3, 60 * 144 * channel.transmit, dtype=torch.bool))
    )
    assert (short.shape[3], long.shape[3]) == (1, 60)
    torch.testing.assert_close(short[:, :, :, 0], long[:, :, :, 0], atol=1e-5, rtol=1e-4)


def test_fades_can_be_replayed(qpsk_frame: MakeFrame) -> None:
    channel, frame, generator = TdlA(csi="estimated"), qpsk_frame(5, 200), generator_for("replay")
    paths = channel.draw(5, 1, generator)
    apart = channel.send(frame, paths, 10.0, generator)
    whole = channel(frame, 10.0, generator_for("replay"))
    assert torch.equal(apart.symbols, whole.symbols)
    assert torch.equal(apart.noise_variance, whole.noise_variance)


def test_examples_in_groups_are_received_like_all_at_once(
    qpsk_frame: MakeFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without noise nothing is drawn after the gains, so the same comes back however the batch is cut."""
    channel, frame = TdlA(transmit=2, receive=3), qpsk_frame(7, 500, padded=True)
    whole = channel(frame, math.inf, generator_for(0))
    monkeypatch.setattr("semlink.channels.ofdm.GAINS_AT_ONCE", 6000)
    parts = channel(frame, math.inf, generator_for(0))
    torch.testing.assert_close(parts.symbols, whole.symbols, atol=1e-3, rtol=0)
    torch.testing.assert_close(parts.bias[frame.mask], whole.bias[frame.mask], atol=1e-3, rtol=0)


def test_pilots_are_of_unit_energy_and_alone(qpsk_frame: MakeFrame) -> None:
    """With flat and steady gains four streams share 12 x 2 pilots: each gain is known from 6 of them, as well as the
    Wiener filter allows, 1 / (1 + 6 / N0)."""
    channel = TdlA(0, speed_kmh=0, transmit=4, receive=4, csi="estimated", estimator="lmmse")
    pilots = torch.zeros(1, 4, 4, 1, 6, dtype=torch.complex64)
    known = channel._estimator.estimate(pilots, torch.tensor([[0.5]]))
    assert known.variance.flatten().tolist() == pytest.approx([1 / (1 + 6 / 0.5)] * 4 * 144, rel=1e-4)


@pytest.mark.parametrize("text", ["tdl-a", "tdl-a:transmit=2,receive=2,csi=estimated", "tdl-a:receive=2,equaliser=zf"])
@pytest.mark.parametrize("snr_db", [math.inf, 10.0, -300.0])
def test_finite_in_the_deepest_fade(text: str, snr_db: float, qpsk_frame: MakeFrame) -> None:
    channel, frame = ofdm(text), qpsk_frame(4, 300, padded=True)
    frame.symbols.requires_grad_()
    paths = channel.draw(4, 1, generator_for(0))
    paths[:2] = 0
    reception = channel.send(frame, paths, snr_db, generator_for(0))
    torch.autograd.backward(reception.symbols.abs().square().sum())
    assert frame.symbols.grad is not None
    for values in (reception.symbols, reception.bias, frame.symbols.grad):
        assert torch.isfinite(torch.view_as_real(values)).all()
    assert torch.isfinite(reception.noise_variance).all()


@pytest.mark.parametrize("text", ["tdl-c:csi=estimated,estimator=lmmse", "cdl-a"])
def test_copies_send_alike_before_and_after_use(text: str, qpsk_frame: MakeFrame) -> None:
    channel, frame = build_channel(text), qpsk_frame(3, 30)
    fresh = pickle.loads(pickle.dumps(channel))
    first = channel(frame, 10.0, generator_for(0))
    for copied in (fresh, copy.deepcopy(channel), pickle.loads(pickle.dumps(channel))):
        assert torch.equal(copied(frame, 10.0, generator_for(0)).symbols, first.symbols)
    assert b"sionna.phy" not in pickle.dumps(channel)
    assert not channel.state_dict()


def test_precision_of_the_frame_is_that_of_the_reception(qpsk_frame: MakeFrame) -> None:
    reception = TdlD(csi="estimated")(qpsk_frame(2, 30), 10.0, generator_for(0))
    assert (reception.symbols.dtype, reception.bias.dtype) == (torch.complex64, torch.complex64)
    assert reception.noise_variance.dtype == torch.float32


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("tdl-a:transmit=5,receive=5", r"transmit cannot be 5; choose one of: 1, 2, 3, 4\."),
        ("tdl-a:transmit=2", r"1 antennas cannot tell 2 streams apart; give receive=2 or more\."),
        ("tdl-a:pilot_symbols=5", r"pilot_symbols cannot be 5; choose one of: 1, 2, 3, 4\."),
        ("tdl-a:subcarrier_spacing_khz=20", "subcarrier_spacing_khz"),
        ("tdl-a:allocation=random", "allocation"),
        ("tdl-a:csi=none", "csi"),
        ("tdl-a:estimator=lmmse", r"nothing is estimated; use csi=estimated or leave estimator out\."),
        ("tdl-a:resource_blocks=0", r"resource_blocks cannot be 0; give a number from 1 to 275\."),
        ("tdl-a:speed_kmh=-1", r"speed_kmh cannot be -1.0; give a number from 0\."),
        ("tdl-a:carrier_ghz=200", r"carrier_ghz cannot be 200.0; give a number from 0.5 to 100\."),
        ("tdl-a:delay_spread_ns=.nan", "delay_spread_ns cannot be nan; give a number"),
        ("tdl-c:delay_spread_ns=1000", r"of the power arrives after the cyclic prefix of 2344 ns; give a smaller"),
        ("tdl-a:subcarrier_spacing_khz=120,delay_spread_ns=300", "arrives after the cyclic prefix of 586 ns"),
        ("cdl-a:speed_kmh=800", r"Doppler moves up to 1% of the power to other subcarriers; give a smaller speed_kmh"),
        ("tdl-a:speed_kmh=120,carrier_ghz=28,subcarrier_spacing_khz=15", "Doppler moves up to"),
    ],
)
def test_mistakes_are_told_with_their_cure(text: str, cure: str) -> None:
    with pytest.raises(WrongField, match=cure) as caught:
        build_channel(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fields", [{"csi": "none"}, {"transmit": 0}, {"equaliser": "none"}, {"pilot_symbols": 0}])
def test_fields_are_checked_without_the_registry_too(fields: dict[str, object]) -> None:
    make: Callable[..., Ofdm] = TdlA
    with pytest.raises(WrongField, match=r"^[^.]*choose[^.]*\.$"):
        make(**fields)
