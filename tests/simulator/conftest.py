"""A codec with known error rates, black and white pixels sent as uncoded QPSK; and a codec that learns."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from semlink.channels.contract import Frame, Reception
from semlink.codecs.building import new_codec
from semlink.codecs.contract import Codec, NeuralCodec
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Record, Source

TINY = {"d_model": 16, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1}


class PixelQpsk(Codec[Tensor]):
    """Two pixels make one QPSK symbol; the receiver maps the estimate back linearly, so its error is the noise's.

    Over AWGN the mean squared error of a pixel is N0 / 4, also of pixels between black and white.
    """

    modality: ClassVar[Literal["image"]] = "image"

    def __init__(self, shape: tuple[int, ...] = (8, 8)) -> None:
        self.shape = shape

    def sized(self, shape: tuple[int, ...]) -> Codec[Tensor]:
        return type(self)(shape)

    def prepare(self, payloads: Sequence[np.ndarray]) -> Tensor:
        pixels = np.stack(payloads).reshape(len(payloads), *self.shape[:2], -1)
        return torch.tensor(pixels / 255.0, dtype=torch.float32).permute(0, 3, 1, 2)

    def encode(self, batch: Tensor) -> Frame:
        signs = (2 * batch.flatten(1) - 1).reshape(len(batch), -1, 2) / 2**0.5
        symbols = torch.view_as_complex(signs.contiguous())
        return Frame(symbols, torch.ones(symbols.shape, dtype=torch.bool))

    def decode(self, reception: Reception) -> Tensor:
        signs = torch.view_as_real(reception.symbols).flatten(1) * 2**0.5
        return ((signs + 1) / 2).reshape(len(signs), -1, *self.shape[:2])

    def as_metric_input(self, batch: Tensor) -> Tensor:
        return batch

    def reference(self, payloads: Sequence[np.ndarray]) -> Tensor:
        return self.prepare(payloads)

    def channel_uses(self, batch: Tensor) -> Tensor:
        return torch.full((len(batch),), batch[0].numel() // 2)


@pytest.fixture
def pixel_qpsk() -> PixelQpsk:
    return PixelQpsk()


@pytest.fixture
def black_and_white() -> list[Record]:
    """Sixty random black and white images of 8 by 8 pixels."""
    pixels = np.random.default_rng(0).integers(0, 2, size=(60, 8, 8)) * 255
    return [Record(f"image-{index}", image.astype(np.uint8), "tests", index % 3) for index, image in enumerate(pixels)]


@pytest.fixture(scope="session")
def digits() -> Source:
    return build_source("digits")


@pytest.fixture(scope="session")
def make_codec(digits: Source) -> Callable[..., NeuralCodec[Tensor]]:
    """Makes fresh image codecs, small enough to train in a test: `make_codec(seed, field=value)`."""

    def make(seed: int = 0, **fields: object) -> NeuralCodec[Tensor]:
        return new_codec("image", {**TINY, **fields}, [digits.train[0].payload], seed)

    return make


@pytest.fixture(scope="session")
def data_with() -> Callable[[str], Path]:
    """Gives the folder of the large data sets, or skips the test where it is not named or lacks a file."""

    def find(path: str) -> Path:
        folder = Path(os.environ.get("SEMLINK_DATA", ""))
        if "SEMLINK_DATA" not in os.environ or not (folder / path).is_file():
            pytest.skip(f"SEMLINK_DATA does not name a folder with {path}")
        return folder

    return find
