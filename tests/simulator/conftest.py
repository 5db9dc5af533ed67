"""A codec whose every number is known in closed form: black and white pixels sent as uncoded QPSK."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from semlink.channels.contract import Frame, Reception
from semlink.codecs.contract import Codec
from semlink.simulator.sources.contract import Record


class PixelQpsk(Codec[Tensor]):
    """Two pixels make one QPSK symbol; the receiver maps the estimate back linearly, so its error is the noise's.

    Over AWGN the mean squared error of a pixel is N0 / 4.
    """

    modality: ClassVar[Literal["image"]] = "image"

    def prepare(self, payloads: Sequence[np.ndarray]) -> Tensor:
        return torch.tensor(np.stack(payloads)[:, None] / 255.0, dtype=torch.float32)

    def encode(self, batch: Tensor) -> Frame:
        signs = (2 * batch.flatten(1) - 1).reshape(len(batch), -1, 2) / 2**0.5
        symbols = torch.view_as_complex(signs.contiguous())
        return Frame(symbols, torch.ones(symbols.shape, dtype=torch.bool))

    def decode(self, reception: Reception) -> Tensor:
        side = int((2 * reception.symbols.shape[1]) ** 0.5)
        signs = torch.view_as_real(reception.symbols).flatten(1) * 2**0.5
        return ((signs + 1) / 2).reshape(-1, 1, side, side)

    def restore(self, batch: Tensor) -> Tensor:
        return batch

    def view(self, payloads: Sequence[np.ndarray]) -> Tensor:
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
