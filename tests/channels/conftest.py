"""Frames to send."""

from collections.abc import Callable

import pytest
import torch

from semlink.channels.contract import Frame
from semlink.seeding import generator_for

MakeFrame = Callable[..., Frame]


@pytest.fixture
def qpsk_frame() -> MakeFrame:
    """Makes unit-energy QPSK frames; with `padded`, every other example leaves the second half of its uses empty."""

    def make(batch: int, uses: int, padded: bool = False, seed: int = 0) -> Frame:
        bits = torch.randint(0, 2, (batch, uses, 2), generator=generator_for("bits", seed))
        mask = torch.ones(batch, uses, dtype=torch.bool)
        if padded:
            mask[1::2, uses // 2 :] = False
        symbols = torch.view_as_complex((1.0 - 2.0 * bits) / 2**0.5)
        return Frame(symbols * mask, mask)

    return make
