"""What only the image codec promises."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semlink.channels.contract import Reception
from semlink.codecs.image.configuration import ImageCodecConfig
from semlink.codecs.image.model import ImageCodec
from semlink.errors import CodecError, WrongField

SMALL: dict[str, Any] = {"d_model": 8, "heads": 2, "feed_forward": 8, "encoder_layers": 1, "decoder_layers": 1}


@settings(max_examples=40, deadline=None)
@given(
    ratio=st.floats(1e-4, 2.0),
    patch=st.integers(1, 3),
    rows=st.integers(1, 3),
    columns=st.integers(1, 3),
    channels=st.integers(1, 3),
)
def test_any_bandwidth_ratio_gives_exactly_the_promised_uses(
    ratio: float, patch: int, rows: int, columns: int, channels: int
) -> None:
    height, width = rows * patch, columns * patch
    codec = ImageCodec(
        ImageCodecConfig(**SMALL, height=height, width=width, channels=channels, patch=patch, bandwidth_ratio=ratio)
    )
    batch = codec.prepare([np.full((height, width, channels), level, dtype=np.uint8) for level in (0, 200)])
    frame = codec.encode(batch)
    uses = max(1, round(ratio * height * width * channels))
    assert frame.symbols.shape == (2, uses)
    assert frame.mask.all()
    assert codec.channel_uses(batch).tolist() == [uses, uses]
    estimate = codec.decode(Reception(frame.symbols, torch.full((2, 1), 0.1), frame.mask))
    assert estimate.shape == batch.shape
    assert estimate.min() >= 0
    assert estimate.max() <= 1


@pytest.mark.parametrize(
    ("ratio", "expected"), [(0.25, [1] * 16), (0.5, [2] * 16), (0.375, [1, 2] * 8), (0.125, [0, 1] * 8)]
)
def test_symbols_are_spread_evenly_over_patches(ratio: float, expected: list[int]) -> None:
    """With attention cut off a patch's pixels move its own symbols alone, before power normalisation."""
    codec = ImageCodec(ImageCodecConfig(**SMALL, bandwidth_ratio=ratio, variational=True))
    with torch.no_grad():
        for name, weight in codec.named_parameters():
            if "mixture" in name:
                weight.zero_()
    grey = torch.full((1, 1, 8, 8), 0.5)
    moved = []
    for patch in range(16):
        changed = grey.clone()
        row, column = divmod(patch, 4)
        changed[0, 0, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = torch.tensor([[0.0, 1.0], [1.0, 1.0]])
        difference = codec.represent(changed).mean - codec.represent(grey).mean
        moved.append(int(difference.abs().sum(dim=-1).gt(1e-7).sum()))
    assert moved == expected


def test_pixels_keep_their_places() -> None:
    """A batch holds what a person sees: [batch, channels, height, width] in 0..1, and patches come back in place."""
    codec = ImageCodec(ImageCodecConfig(**SMALL, height=4, width=6, channels=3, patch=2, bandwidth_ratio=0.25))
    picture = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    batch = codec.prepare([picture])
    assert batch[0, 2, 3, 5].item() == pytest.approx(picture[3, 5, 2] / 255)
    assert torch.equal(codec.reference([picture]), batch)
    with torch.no_grad():
        codec.patch_output.weight.zero_()
        codec.patch_output.bias.copy_(torch.arange(12.0))
    estimate = codec.decode(
        Reception(torch.zeros(1, 18, dtype=torch.complex64), torch.ones(1, 1), torch.ones(1, 18) > 0)
    )
    expected = torch.arange(12.0).sigmoid().view(3, 2, 2).repeat(1, 2, 3)
    torch.testing.assert_close(estimate[0], expected)


def test_loss_is_the_mean_squared_error_of_each_image(image: Any) -> None:
    codec = image.codec()
    batch = codec.prepare(image.payloads)
    frame = codec.encode(batch)
    reception = Reception(frame.symbols, torch.full((len(batch), 1), 0.1), frame.mask)
    expected = [(codec.decode(reception)[index] - batch[index]).square().mean() for index in range(len(batch))]
    torch.testing.assert_close(codec.loss(batch, reception), torch.stack(expected))


@pytest.mark.parametrize(
    "payload",
    [np.zeros((8, 6)), np.zeros((6, 8), np.uint8), np.zeros((8, 6, 3), np.uint8), "a sentence", [[0, 1]], np.uint8(3)],
)
def test_what_is_no_image_of_this_size_is_refused(image: Any, payload: object) -> None:
    with pytest.raises(CodecError, match=r"give uint8 images of shape \(8, 6\)"):
        image.codec().prepare([*image.payloads, payload])


def test_no_images_and_foreign_receptions_are_refused(image: Any) -> None:
    codec = image.codec()
    with pytest.raises(CodecError, match="at least one"):
        codec.prepare([])
    with pytest.raises(CodecError, match="A reception of 3 channel uses is not from this codec"):
        codec.decode(Reception(torch.zeros(1, 3, dtype=torch.complex64), torch.ones(1, 1), torch.ones(1, 3) > 0))


def test_patch_must_divide_the_image() -> None:
    with pytest.raises(WrongField, match="a patch that divides the 8 x 9 images"):
        ImageCodecConfig(height=8, width=9, patch=2)
