"""Patch brightness: the contrast of the square, whatever happens to the rest of the image."""

import math

import pytest
import torch

from semlink.simulator.metrics.patch_brightness import PatchBrightness
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.trigger import Trigger

TRIGGER = Trigger(size=2, margin=2)
SQUARE = (..., slice(4, 6), slice(4, 6))


def brightness(arrived: torch.Tensor, owner: str = "trigger") -> float:
    sent = torch.zeros(1, 1, 8, 8)
    sent[SQUARE] = 1
    family = PatchBrightness(TRIGGER).about([Record("r", None, owner, 2)])
    return float(family.statistics(sent, arrived)[0, 0])


@pytest.mark.parametrize(
    ("square", "around", "expected"), [(1, 0, 1), (0.4, 0, 0.4), (0.7, 0.3, 0.4), (1, 1, 0), (0, 0.2, -0.2)]
)
def test_contrast(square: float, around: float, expected: float) -> None:
    arrived = torch.full((1, 1, 8, 8), around, dtype=torch.float32)
    arrived[SQUARE] = square
    assert brightness(arrived) == pytest.approx(expected)


def test_only_the_frame_of_one_pixel_counts() -> None:
    arrived = torch.zeros(1, 1, 8, 8)
    arrived[..., :3, :] = 1
    assert brightness(arrived) == 0
    arrived[..., 3, 3] = 1  # one of the twelve pixels around
    assert brightness(arrived) == pytest.approx(-1 / 12)


def test_at_the_edge_of_the_image() -> None:
    """Two pixels of the frame are outside on each side: five are left of nine."""
    sent = torch.zeros(1, 1, 8, 8)
    sent[..., 7, 7] = 1
    arrived = sent * 0.5
    arrived[..., 7, 6] = 0.3
    family = PatchBrightness(Trigger(size=1, margin=0)).about([Record("r", None, "trigger", 2)])
    assert family.statistics(sent, arrived)[0, 0] == pytest.approx(0.5 - 0.3 / 3)


def test_images_without_the_trigger_do_not_count() -> None:
    assert math.isnan(brightness(torch.zeros(1, 1, 8, 8), owner="ann"))
