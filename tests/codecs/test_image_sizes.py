"""Codecs of images at other sizes than that of their training."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from semlink.channels.awgn import Awgn
from semlink.channels.contract import Reception
from semlink.codecs.image.windows import Windows
from semlink.codecs.pixels import extend
from semlink.errors import CodecError
from semlink.seeding import generator_for

SIZES = [(40, 28), (8, 6), (3, 2), (1, 1), (9, 31)]


@pytest.fixture(params=["image", "deepjscc"])
def picture_codec(request: pytest.FixtureRequest) -> Any:
    """A codec trained, if it were, on images of 8 x 6 pixels."""
    return request.getfixturevalue(request.param).codec()


def pictures(height: int, width: int, count: int = 2) -> list[Any]:
    return list(np.random.default_rng(height).integers(0, 256, (count, height, width), dtype=np.uint8))


@pytest.mark.parametrize("size", SIZES)
def test_any_size_keeps_the_contract(picture_codec: Any, size: tuple[int, int]) -> None:
    codec = picture_codec.sized(size)
    batch = codec.prepare(pictures(*size))
    frame = codec.encode(batch)
    assert torch.equal(frame.mask.sum(dim=1), codec.channel_uses(batch))
    torch.testing.assert_close(frame.symbols.abs().square().mean(dim=1), torch.ones(2))
    estimate = codec.decode(Awgn()(frame, 10.0, generator_for("test")))
    assert estimate.shape == batch.shape == (2, 1, *size)
    assert torch.equal(codec.reference(pictures(*size)), batch)
    assert codec.encode(estimate).symbols.shape == frame.symbols.shape
    for index in range(2):  # company in a batch does not matter
        alone = codec.encode(batch[[index]])
        torch.testing.assert_close(alone.symbols[0], frame.symbols[index])


@pytest.mark.parametrize(("size", "windows"), [((40, 28), 5 * 5), ((8, 6), 1), ((3, 2), 1), ((9, 31), 2 * 6)])
def test_windows_cost_whole_windows(image: Any, size: tuple[int, int], windows: int) -> None:
    codec = image.codec()
    assert codec.sized(size).channel_uses(torch.zeros(3, 1, *size)).tolist() == [windows * codec.config.uses] * 3


@pytest.mark.parametrize(("size", "places"), [((40, 28), 10 * 7), ((8, 6), 2 * 2), ((3, 2), 1), ((9, 31), 3 * 8)])
def test_convolutions_cost_whole_blocks(deepjscc: Any, size: tuple[int, int], places: int) -> None:
    codec = deepjscc.codec()
    assert codec.config.filters == 4  # 16 pixels x 1/4
    assert codec.sized(size).channel_uses(torch.zeros(3, 1, *size)).tolist() == [places * 4] * 3


def test_one_window_is_the_codec_itself(image: Any) -> None:
    codec = image.codec()
    one, batch = Windows(codec, 8, 6), codec.prepare(image.payloads)
    frame, wanted = one.encode(batch), codec.encode(batch)
    assert torch.equal(frame.symbols, wanted.symbols)
    assert torch.equal(frame.mask, wanted.mask)
    reception = Awgn()(frame, 5.0, generator_for("test"))
    assert torch.equal(one.decode(reception), codec.decode(reception))


@pytest.mark.parametrize("variational", [False, True])
def test_a_window_arrives_as_if_it_were_sent_alone(image: Any, variational: bool) -> None:
    """Rows before columns; noise and noise variance of each channel use stay with it."""
    codec = image.codec(variational=variational)
    whole, window = codec.sized((16, 18)), codec.sized((8, 6))
    (picture,) = pictures(16, 18, 1)
    frame = whole.encode(whole.prepare([picture]))
    variance = torch.rand(frame.symbols.shape, generator=generator_for("variance")) + 0.1
    reception = Reception(frame.symbols + variance, variance, frame.mask)
    estimate = whole.decode(reception)
    uses = codec.config.uses
    for number, (row, column) in enumerate((row, column) for row in (0, 8) for column in (0, 6, 12)):
        part = slice(number * uses, (number + 1) * uses)
        alone = window.encode(window.prepare([picture[row : row + 8, column : column + 6]]))
        torch.testing.assert_close(frame.symbols[:, part], alone.symbols)
        single = Reception(reception.symbols[:, part], variance[:, part], alone.mask)
        torch.testing.assert_close(estimate[..., row : row + 8, column : column + 6], window.decode(single))


def test_chunks_change_nothing(image: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = image.codec().sized((40, 28))
    batch = whole.prepare(pictures(40, 28))
    once = whole.encode(batch)
    estimate = whole.decode(Reception(once.symbols, torch.full((2, 1), 0.1), once.mask))
    monkeypatch.setattr("semlink.codecs.image.windows.CHUNK", 7)
    pieces = whole.encode(batch)
    torch.testing.assert_close(pieces.symbols, once.symbols)
    torch.testing.assert_close(whole.decode(Reception(once.symbols, torch.full((2, 1), 0.1), once.mask)), estimate)


def test_convolutions_do_not_see_where_an_image_ends_far_away(deepjscc: Any) -> None:
    """A symbol sees 30 pixels to each side; beyond, a crop gives the same latent, before power normalisation."""
    codec = deepjscc.codec(variational=True)
    (picture,) = pictures(128, 128, 1)
    whole, crop = codec.sized((128, 128)), codec.sized((96, 96))
    latents = []
    for sized, payload in ((whole, picture), (crop, picture[16:112, 16:112])):
        mean = sized.represent(sized.prepare([payload])).mean
        latents.append(mean.view(4, sized.config.height // 4, -1, 2))
    torch.testing.assert_close(latents[0][:, 14:18, 14:18], latents[1][:, 10:14, 10:14])


def test_the_weights_are_shared(picture_codec: Any) -> None:
    whole = picture_codec.sized((40, 28))
    batch = whole.prepare(pictures(40, 28))
    before = whole.encode(batch).symbols
    with torch.no_grad():
        for weight in picture_codec.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator_for("change")))
    assert not torch.allclose(whole.encode(batch).symbols, before)
    assert (picture_codec.config.height, picture_codec.config.width) == (8, 6)
    assert picture_codec.prepare(pictures(8, 6)).shape == (2, 1, 8, 6)


def test_sizes_can_be_taken_one_after_another(picture_codec: Any) -> None:
    again = picture_codec.sized((40, 28)).sized((8, 6))
    batch = picture_codec.prepare(pictures(8, 6))
    assert torch.equal(again.encode(batch).symbols, picture_codec.encode(batch).symbols)


@pytest.mark.parametrize("shape", [(), (8,), (8, 6, 3), (0, 6), (2, 8, 6, 1)])
def test_what_is_no_image_of_these_channels_is_refused(picture_codec: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(CodecError, match=r"images with 1 channel") as caught:
        picture_codec.sized(shape)
    assert str(caught.value).endswith(".")


def test_text_has_no_size(text: Any) -> None:
    codec = text.codec()
    assert codec.sized(()) is codec


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ([1, 2, 3], [1, 2, 3, 2, 1, 2, 3, 2]),
        ([1, 2], [1, 2, 1, 2, 1, 2, 1, 2]),
        ([7], [7] * 8),
        (list(range(8)), list(range(8))),
    ],
)
def test_reflection(row: list[float], wanted: list[float]) -> None:
    images = torch.tensor(row)[None, None, None]
    assert extend(images, 1, 8).flatten().tolist() == wanted
    assert extend(images.mT, 8, 1).flatten().tolist() == wanted


class Passing(torch.nn.Module):
    """An identity in the place of a window codec of 32 x 32 colour pixels, of which two make a symbol."""

    class config:
        height, width, channels, uses = 32, 32, 3, 1536

    device = torch.device("cpu")

    def encode(self, batch: Tensor) -> Any:
        from semlink.channels.contract import Frame

        symbols = torch.view_as_complex((2 * batch - 1).reshape(len(batch), -1, 2))
        return Frame(symbols, torch.ones(symbols.shape, dtype=torch.bool))

    def decode(self, reception: Reception) -> Tensor:
        return (torch.view_as_real(reception.symbols).reshape(-1, 3, 32, 32) + 1) / 2


@pytest.mark.parametrize("size", [(512, 768), (768, 512), (500, 700)])
def test_photographs_come_back_whole(size: tuple[int, int]) -> None:
    """An identity behind the windows gives back every pixel in its place."""
    codec: Any = Windows(Passing(), *size)  # type: ignore[arg-type]
    batch = codec.prepare([np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)])
    frame = codec.encode(batch)
    assert frame.symbols.shape == (1, math.ceil(size[0] / 32) * math.ceil(size[1] / 32) * 1536)
    estimate = codec.decode(Reception(frame.symbols, torch.zeros(1, 1), frame.mask))
    torch.testing.assert_close(estimate, batch)
