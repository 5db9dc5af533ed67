"""What all flat-fading channels share: coherence, knowledge, masks, and an honest noise variance."""

import math
from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor

from semlink.channels.contract import Frame, Reception
from semlink.channels.csi import Csi
from semlink.channels.equaliser import Equaliser
from semlink.channels.fading import FlatFading
from semlink.channels.gains import Coherence, coherence_length
from semlink.channels.rayleigh import Rayleigh
from semlink.channels.rician import Rician
from semlink.errors import WrongField
from semlink.seeding import generator_for

MakeFrame = Callable[..., Frame]

COHERENCES: list[Coherence] = ["symbol", "block", 3]
RECEIVERS = [(c, e) for c in get_args(Csi) for e in get_args(Equaliser) if c != "none" or e == "none"]
LAWS: list[Callable[..., FlatFading]] = [Rayleigh, lambda **fields: Rician(k_factor_db=3.0, **fields)]


def gains_on_air(channel: FlatFading, batch: int, uses: int, seed: int = 0) -> Tensor:
    """The gain of every channel use, as heard: unit symbols without noise, not equalised."""
    frame = Frame(torch.ones(batch, uses, dtype=torch.complex64), torch.ones(batch, uses, dtype=torch.bool))
    reception: Reception = channel(frame, math.inf, generator_for("gains", seed))
    return reception.symbols


@pytest.mark.parametrize("law", LAWS, ids=["rayleigh", "rician"])
@pytest.mark.parametrize("coherence", COHERENCES)
def test_mean_gain_is_one(law: Callable[..., FlatFading], coherence: Coherence) -> None:
    """At least 250 000 independent gains: 1 % is 5 standard deviations, false alarm below 1e-6."""
    gains = gains_on_air(law(coherence=coherence, equaliser="none"), 250_000, 3)
    assert gains.abs().square().mean().item() == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize(("coherence", "length"), [("symbol", 1), ("block", 8), (3, 3), (1, 1), (100, 8)])
def test_gains_are_shared_inside_a_block_only(coherence: Coherence, length: int) -> None:
    """Correlations of 50 000 pairs of gains are held to 5 standard deviations, false alarm below 1e-5 each."""
    gains = gains_on_air(Rayleigh(coherence=coherence, equaliser="none"), 50_000, 8)
    for use in range(1, 8):
        if use % length:
            assert torch.equal(gains[:, use], gains[:, use - 1])
        else:
            assert abs((gains[:, use] * gains[:, use - 1].conj()).mean().item()) < 5 / 50_000**0.5
    assert abs((gains[1:, 0] * gains[:-1, 0].conj()).mean().item()) < 5 / 50_000**0.5  # between examples


@pytest.mark.parametrize("law", LAWS, ids=["rayleigh", "rician"])
@pytest.mark.parametrize("coherence", COHERENCES)
@pytest.mark.parametrize(("csi", "equaliser"), RECEIVERS)
def test_noise_variance_is_the_measured_error(
    law: Callable[..., FlatFading], coherence: Coherence, csi: Csi, equaliser: Equaliser, qpsk_frame: MakeFrame
) -> None:
    """|estimate - symbol|^2 over its predicted mean averages to 1, where it is predicted small and where large.

    Six groups by predicted variance, held to 4.5 standard errors over coherence blocks: false alarm of the
    whole set of 42 tests below 2e-3. One standard error is about 1 %.
    """
    batch, uses = 30_000, 6
    frame = qpsk_frame(batch, uses)
    channel = law(coherence=coherence, csi=csi, equaliser=equaliser, pilots=2 if csi == "estimated" else 1)
    snr_db = 20 * torch.rand(batch, generator=generator_for("snr")) - 2
    reception = channel(frame, snr_db, generator_for("variance", str(coherence), csi, equaliser))
    predicted = reception.noise_variance.expand(batch, uses)
    ratio = (reception.symbols - frame.symbols).abs().square() / predicted
    length = coherence_length(coherence, uses)
    ratio = ratio.view(-1, length).mean(dim=1)
    for group in predicted.reshape(-1, length)[:, 0].argsort().chunk(6):
        values = ratio[group].double()
        assert abs(values.mean().item() - 1) < 4.5 * values.std().item() / len(values) ** 0.5


def test_noise_variance_tells_fades_apart(qpsk_frame: MakeFrame) -> None:
    """With knowledge of the gains the variance differs between blocks; without, it is the same for all."""
    frame = qpsk_frame(64, 6)
    known = Rayleigh()(frame, 10.0, generator_for(0)).noise_variance
    unknown = Rayleigh(csi="none", equaliser="none")(frame, 10.0, generator_for(0)).noise_variance
    assert known.std() > 0.1
    assert unknown.unique().tolist() == pytest.approx([2.1])  # |0 - 1|^2 + 1 + N0


def test_noise_follows_the_sent_power_and_not_the_received(qpsk_frame: MakeFrame) -> None:
    """Noise behind strong and behind weak gains, 2^18 samples each: 1.5 % is 7 standard deviations."""
    frame = qpsk_frame(4096, 128)
    channel = Rayleigh(equaliser="none")
    gains = channel.draw(4096, 128, generator_for("gains"))
    noise = channel.receive(frame, gains, 10.0, generator_for("noise")).symbols - gains * frame.symbols
    for half in gains.abs().squeeze(1).argsort().chunk(2):
        assert noise[half].abs().square().mean().item() == pytest.approx(0.1, rel=0.015)


def test_fades_can_be_replayed(qpsk_frame: MakeFrame) -> None:
    """Drawing and receiving apart is the same as sending, and the same gains serve another frame and SNR."""
    channel, frame = Rayleigh(coherence=3, csi="estimated"), qpsk_frame(5, 10)
    generator = generator_for("replay")
    gains = channel.draw(5, 10, generator)
    apart = channel.receive(frame, gains, 10.0, generator)
    whole = channel(frame, 10.0, generator_for("replay"))
    assert torch.equal(apart.symbols, whole.symbols)
    assert torch.equal(apart.noise_variance, whole.noise_variance)
    silent = Rayleigh(coherence=3, equaliser="none")
    other = silent.receive(qpsk_frame(5, 10, seed=1), gains, math.inf, generator)
    torch.testing.assert_close(other.symbols / qpsk_frame(5, 10, seed=1).symbols, gains.repeat_interleave(3, 1)[:, :10])


@pytest.mark.parametrize("csi", ["perfect", "estimated"])
def test_codecs_with_different_numbers_of_uses_meet_the_same_fades(csi: Csi) -> None:
    channel = Rayleigh(csi=csi, equaliser="none")
    short, long = gains_on_air(channel, 7, 3), gains_on_air(channel, 7, 40)
    torch.testing.assert_close(short[:, 0], long[:, 0])


def test_more_pilots_make_a_better_estimate(qpsk_frame: MakeFrame) -> None:
    frame = qpsk_frame(2000, 4)
    errors = [
        Rayleigh(csi="estimated", pilots=pilots)(frame, 5.0, generator_for(0)).noise_variance.mean().item()
        for pilots in (1, 4, 16)
    ]
    perfect = Rayleigh()(frame, 5.0, generator_for(0)).noise_variance.mean().item()
    assert errors[0] > errors[1] > errors[2] > perfect


@pytest.mark.parametrize(("coherence", "expected"), [("block", [3, 3, 0]), ("symbol", [15, 6, 0]), (2, [9, 3, 0])])
def test_pilot_uses_are_counted_where_blocks_are_used(coherence: Coherence, expected: list[int]) -> None:
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], dtype=torch.bool)
    assert (Rayleigh(coherence, "estimated", pilots=3).total_uses(mask) - mask.sum(dim=1)).tolist() == expected
    assert Rayleigh(coherence, "perfect").total_uses(mask).tolist() == mask.sum(dim=1).tolist()


@pytest.mark.parametrize("coherence", COHERENCES)
@pytest.mark.parametrize(("csi", "equaliser"), RECEIVERS)
@pytest.mark.parametrize("snr_db", [math.inf, 10.0, -300.0])
def test_finite_without_noise_in_the_deepest_fade(
    coherence: Coherence, csi: Csi, equaliser: Equaliser, snr_db: float, qpsk_frame: MakeFrame
) -> None:
    frame = qpsk_frame(4, 7, padded=True)
    frame.symbols.requires_grad_()
    channel = Rayleigh(coherence, csi, equaliser)
    gains = channel.draw(4, 7, generator_for(0))
    gains[:2] = 0
    reception = channel.receive(frame, gains, snr_db, generator_for(0))
    torch.autograd.backward(reception.symbols.abs().square().sum())
    assert torch.isfinite(torch.view_as_real(reception.symbols)).all()
    assert torch.isfinite(reception.noise_variance).all()
    assert frame.symbols.grad is not None
    assert torch.isfinite(torch.view_as_real(frame.symbols.grad)).all()


@pytest.mark.parametrize("csi", ["perfect", "estimated"])
@pytest.mark.parametrize("equaliser", ["zf", "mmse"])
def test_without_noise_the_symbols_come_back(csi: Csi, equaliser: Equaliser, qpsk_frame: MakeFrame) -> None:
    frame = qpsk_frame(50, 9, padded=True)
    reception = Rayleigh(3, csi, equaliser)(frame, math.inf, generator_for(1))
    torch.testing.assert_close(reception.symbols, frame.symbols)
    assert reception.noise_variance.max().item() < 1e-9


@pytest.mark.parametrize(
    "fields",
    [
        {"coherence": 0},
        {"coherence": -2},
        {"coherence": "frame"},
        {"csi": "perfekt"},
        {"equaliser": "lmmse"},
        {"csi": "none"},
        {"csi": "none", "equaliser": "zf"},
        {"pilots": 4},
        {"csi": "estimated", "pilots": 0},
    ],
)
@pytest.mark.parametrize("law", LAWS, ids=["rayleigh", "rician"])
def test_fields_without_meaning_are_refused(law: Callable[..., FlatFading], fields: dict[str, object]) -> None:
    with pytest.raises(WrongField, match=r"^[^.]*(choose|use|give)[^.]*\.$"):
        law(**fields)
