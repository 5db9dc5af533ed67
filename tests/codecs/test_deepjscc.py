"""What only DeepJSCC promises."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels.awgn import Awgn
from semlink.channels.contract import Reception
from semlink.codecs.building import new_codec
from semlink.codecs.deepjscc.configuration import DeepJsccConfig
from semlink.codecs.deepjscc.model import DeepJscc
from semlink.errors import CodecError, WrongField
from semlink.seeding import generator_for


def colour(**fields: object) -> DeepJscc:
    made = DeepJscc(DeepJsccConfig(**{"height": 32, "width": 32, "channels": 3, **fields}))  # type: ignore[arg-type]
    made.eval()
    return made


@pytest.mark.parametrize(
    ("ratio", "uses"),
    [(1 / 12, 256), (0.0833, 256), (0.16666667, 512), (0.1667, 512), (1 / 48, 64), (0.5, 1536), (1.0, 3072)],
)
def test_ratios_of_colour_images_give_exactly_their_uses(ratio: float, uses: int) -> None:
    """k/n = uses / 3072; a complex filter has 8 x 8 places."""
    codec = colour(bandwidth_ratio=ratio)
    frame = codec.encode(torch.rand(2, 3, 32, 32, generator=generator_for("images")))
    assert frame.symbols.shape == (2, uses)
    assert codec.config.filters == uses // 64


@pytest.mark.parametrize(
    ("ratio", "channels", "nearest"),
    [(0.1, 3, "1/12 or 5/48"), (0.001, 3, "1/48"), (0.08, 3, "1/16 or 1/12"), (1 / 12, 1, "1/16 or 1/8")],
)
def test_a_ratio_between_whole_filters_is_refused(ratio: float, channels: int, nearest: str) -> None:
    with pytest.raises(WrongField, match="whole filters") as caught:
        DeepJsccConfig(bandwidth_ratio=ratio, channels=channels)
    assert str(caught.value).endswith(f"{nearest}.")


def test_layers_are_the_published_ones() -> None:
    """Counted by hand for 1/6, 16 real filters: 5 x 5 kernels, biases, and a slope for each filter."""
    encoder = [(3, 16), (16, 32), (32, 32), (32, 32), (32, 16)]
    decoder = [(16, 32), (32, 32), (32, 32), (32, 16), (16, 3)]
    wanted = sum(25 * before * after + 2 * after for before, after in (*encoder, *decoder)) - 3  # the last is a sigmoid
    codec = colour(bandwidth_ratio=1 / 6)
    assert sum(weight.numel() for weight in codec.parameters()) == wanted
    assert codec.encoder(torch.zeros(1, 3, 32, 32)).shape == (1, 32, 8, 8)


def test_a_fresh_codec_passes_signals_on() -> None:
    """Weights start so that ten layers neither drown nor saturate what passes: images differ at the far end."""
    codec = colour(bandwidth_ratio=1 / 6)
    batch = torch.rand(64, 3, 4, 4, generator=generator_for("images")).repeat_interleave(8, 2).repeat_interleave(8, 3)
    features = codec.encoder(batch - 0.5)
    assert 0.1 < (features.square().mean() / (batch - 0.5).square().mean()).item() < 10
    frame = codec.encode(batch)
    before_sigmoid = codec.decode(Reception(frame.symbols, torch.zeros(64, 1), frame.mask)).logit()
    assert 0.1 < before_sigmoid.std(dim=0).mean().item() < 3


def test_the_published_receiver_is_not_told_the_noise(deepjscc: Any) -> None:
    codec = deepjscc.codec(adaptive=False)
    reception = Awgn()(codec.encode(codec.prepare(deepjscc.payloads)), 10.0, generator_for("test"))
    noisier = dataclasses.replace(reception, noise_variance=10 * reception.noise_variance)
    assert torch.equal(codec.decode(reception), codec.decode(noisier))
    assert not new_codec("deepjscc", {}, deepjscc.payloads, 0).config.adaptive


def test_noise_variance_may_vary_over_an_image(deepjscc: Any) -> None:
    """Telling that the symbols of the last rows are bad changes the last rows; those far away stay."""
    codec = deepjscc.codec().sized((128, 8))
    reception = Awgn()(codec.encode(torch.rand(1, 1, 128, 8, generator=generator_for("i"))), 10.0, generator_for("n"))
    variance = reception.noise_variance.expand(reception.symbols.shape).clone().view(1, 4, 32, 2)
    variance[:, :, -4:] *= 10
    told = dataclasses.replace(reception, noise_variance=variance.flatten(1))
    moved = (codec.decode(told) - codec.decode(reception)).abs().amax(dim=(0, 1, 3))
    assert (moved[-16:] > 0).all()
    assert not moved[:64].any()


def test_a_channel_use_belongs_to_one_place(deepjscc: Any) -> None:
    """In-phase and quadrature of one use are two filters of one place, so a lost use harms one neighbourhood."""
    codec = deepjscc.codec().sized((128, 128))
    symbols = torch.zeros(1, codec.config.uses, dtype=torch.complex64)
    silent = Reception(symbols, torch.full((1, 1), 0.1), torch.ones(1, codec.config.uses, dtype=torch.bool))
    hit = symbols.clone()
    place = 16 * 32 + 14  # row 16, column 14 of the second filter
    hit[0, 32 * 32 + place] = 1 + 1j
    moved = (codec.decode(dataclasses.replace(silent, symbols=hit)) - codec.decode(silent))[0, 0].abs() > 1e-6
    rows, columns = moved.nonzero().T
    assert moved[64:68, 56:60].all()
    assert abs(rows.float().mean().item() - 65.5) < 2
    assert abs(columns.float().mean().item() - 57.5) < 2


@pytest.mark.parametrize("size", [(8, 6), (8, 8), (5, 3)])
def test_loss_is_the_mean_squared_error_of_each_image(size: tuple[int, int]) -> None:
    """Also where blocks at the edge are not whole."""
    images = list(np.random.default_rng(0).integers(0, 256, (3, *size), dtype=np.uint8))
    codec = new_codec("deepjscc", {"bandwidth_ratio": 0.25}, images, 0)
    batch = codec.prepare(images)
    frame = codec.encode(batch)
    reception = Reception(frame.symbols, torch.full((3, 1), 0.1), frame.mask)
    torch.testing.assert_close(
        codec.loss(batch, reception), (codec.decode(reception) - batch).square().flatten(1).mean(dim=1)
    )


def test_foreign_receptions_are_refused(deepjscc: Any) -> None:
    with pytest.raises(CodecError, match="A reception of 3 channel uses is not from this codec"):
        deepjscc.codec().decode(
            Reception(torch.zeros(1, 3, dtype=torch.complex64), torch.ones(1, 1), torch.ones(1, 3) > 0)
        )
