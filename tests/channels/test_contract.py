"""The contract, for every channel in the registry and every way to receive it."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from semlink.channels import CHANNELS, build_channel
from semlink.channels.contract import Frame, Reception
from semlink.errors import ChannelError
from semlink.seeding import generator_for

MakeFrame = Callable[..., Frame]

VARIANTS = [
    *CHANNELS,
    "rayleigh:coherence=symbol,csi=estimated,pilots=2",
    "rayleigh:coherence=5,equaliser=zf",
    "rician:coherence=symbol,csi=none,equaliser=none",
    "tdl-c:csi=estimated",
    "tdl-b:csi=estimated,estimator=lmmse,transmit=2,receive=3",
    "tdl-a:transmit=2,receive=2",
    "tdl-a:receive=2,equaliser=zf",
    "cdl-c:csi=estimated,receive=2",
]
each_channel = pytest.mark.parametrize("text", VARIANTS)


@each_channel
def test_built_as_named_and_documented(text: str) -> None:
    channel = build_channel(text)
    assert type(channel) is CHANNELS[text.partition(":")[0]]
    assert type(channel).__doc__
    assert not list(channel.parameters())
    family = text.partition(":")[0].partition("-")[0]  # tdl-a to tdl-e are one model with other numbers: tdl.py
    assert (Path(__file__).parents[2] / "channels" / f"{family}.py").is_file()


@each_channel
def test_all_randomness_comes_from_the_generator(text: str, qpsk_frame: MakeFrame) -> None:
    channel, frame = build_channel(text), qpsk_frame(4, 64, padded=True)
    before = torch.get_rng_state()
    first, second = (channel(frame, 10.0, generator_for(0)) for _ in range(2))
    other = channel(frame, 10.0, generator_for(1))
    assert torch.equal(first.symbols, second.symbols)
    assert torch.equal(first.noise_variance, second.noise_variance)
    assert not torch.isclose(first.symbols, other.symbols)[frame.mask].any()
    assert torch.equal(before, torch.get_rng_state())


@each_channel
def test_shapes_and_types(text: str, qpsk_frame: MakeFrame) -> None:
    frame = qpsk_frame(4, 64, padded=True)
    reception = build_channel(text)(frame, torch.tensor([0.0, 5.0, 10.0, math.inf]), generator_for(0))
    assert reception.symbols.dtype == torch.complex64
    assert reception.symbols.shape == frame.symbols.shape
    assert reception.noise_variance.dtype == torch.float32
    assert reception.noise_variance.expand(4, 64).min() >= 0
    assert torch.equal(reception.mask, frame.mask)
    channel = build_channel(text)
    data, total = channel.data_uses(frame.mask), channel.total_uses(frame.mask)
    assert data.dtype == total.dtype == torch.float64
    assert data.shape == total.shape == (4,)
    assert bool((total >= data).all())


@each_channel
@pytest.mark.parametrize("padding", [1e3, math.nan])
def test_unused_symbols_are_silent_whatever_they_hold(text: str, padding: float, qpsk_frame: MakeFrame) -> None:
    channel, frame = build_channel(text), qpsk_frame(4, 64, padded=True)
    dirty = torch.where(frame.mask, frame.symbols, padding).requires_grad_()
    reception = channel(Frame(dirty, frame.mask), 10.0, generator_for(0))
    assert torch.equal(reception.symbols, channel(frame, 10.0, generator_for(0)).symbols)
    assert not reception.symbols[~frame.mask].any()
    torch.autograd.backward(reception.symbols.abs().square().sum())
    assert dirty.grad is not None
    assert not dirty.grad[~frame.mask].any()
    assert dirty.grad[frame.mask].all()


@each_channel
def test_frame_is_left_alone(text: str, qpsk_frame: MakeFrame) -> None:
    frame = qpsk_frame(4, 64)
    symbols, mask = frame.symbols.clone(), frame.mask.clone()
    build_channel(text)(frame, 0.0, generator_for(0))
    assert torch.equal(frame.symbols, symbols)
    assert torch.equal(frame.mask, mask)


@each_channel
def test_gradient_is_the_slope(text: str, qpsk_frame: MakeFrame) -> None:
    """For given randomness all channels are affine in the symbols, so a long finite difference is exact."""
    channel, frame = build_channel(text), qpsk_frame(4, 64, padded=True)
    direction, probe = (torch.randn(4, 64, dtype=torch.complex64, generator=generator_for(n)) for n in "dp")

    def heard(symbols: Tensor) -> Tensor:
        reception: Reception = channel(Frame(symbols, frame.mask), 10.0, generator_for(0))
        return (reception.symbols * probe.conj()).real.sum()

    symbols = frame.symbols.clone().requires_grad_()
    (slope,) = torch.autograd.grad(heard(symbols), symbols)
    predicted = (slope * direction.conj()).real.sum()
    torch.testing.assert_close(predicted, heard(frame.symbols + direction) - heard(frame.symbols), rtol=1e-4, atol=1e-3)
    assert predicted.abs() > 0.1


NOT_AN_SNR = (math.nan, -math.inf, torch.zeros(3), torch.zeros(4, 1))


# All channels check with the same function: each meets one wrong value, by turns.
@pytest.mark.parametrize(
    ("text", "snr_db"), [(text, NOT_AN_SNR[index % 4]) for index, text in enumerate(VARIANTS)], ids=str
)
def test_what_is_not_an_snr_is_refused(text: str, snr_db: float | Tensor, qpsk_frame: MakeFrame) -> None:
    with pytest.raises(ChannelError, match="snr_db"):
        build_channel(text)(qpsk_frame(4, 8), snr_db, generator_for(0))


@each_channel
@pytest.mark.parametrize("shape", [(0, 8), (3, 0), (1, 1)])
def test_smallest_batches(text: str, shape: tuple[int, int]) -> None:
    frame = Frame(torch.ones(shape, dtype=torch.complex64), torch.ones(shape, dtype=torch.bool))
    reception = build_channel(text)(frame, 10.0, generator_for(0))
    assert reception.symbols.shape == shape
    assert reception.noise_variance.expand(shape).shape == shape


@each_channel
@pytest.mark.gpu
def test_on_a_gpu(text: str, qpsk_frame: MakeFrame) -> None:
    frame = qpsk_frame(2000, 64, padded=True)
    frame = Frame(frame.symbols.cuda(), frame.mask.cuda())
    reception = build_channel(text)(frame, 10.0, generator_for(0, device="cuda"))
    error = (reception.symbols - frame.symbols).abs().square() / reception.noise_variance
    assert error[frame.mask].mean().item() == pytest.approx(1.0, abs=0.15)
