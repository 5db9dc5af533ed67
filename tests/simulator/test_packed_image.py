"""Images come back with three digits, and damaged ones are refused."""

import json
import math

import numpy as np
import pytest

from semlink.errors import ResultsError
from semlink.simulator.packed_image import packed, unpacked

DIGITS = np.arange(1001).reshape(1, 77, 13) / 1000  # the floats that three digits stand for


def test_three_digits_come_back_exactly() -> None:
    assert unpacked(json.loads(json.dumps(packed(DIGITS)))) == DIGITS.tolist()
    assert unpacked(packed(DIGITS + 0.0004)) == unpacked(packed(DIGITS - 0.0004)) == DIGITS.tolist()


def test_values_that_no_pixel_has_are_cut_off() -> None:
    assert unpacked(packed(np.array([[[-0.2, 1.7, math.nan, math.inf]]]))) == [[[0.0, 1.0, 0.0, 1.0]]]


def test_channels_stay_apart() -> None:
    image = np.random.default_rng(0).integers(0, 1001, (3, 5, 4)) / 1000
    assert unpacked(packed(image)) == image.tolist()


@pytest.mark.parametrize(
    "damage", [{"shape": [1, 9, 9]}, {"shape": 3.5}, {"thousandths": "AAAA"}, {"thousandths": "?"}]
)
def test_a_damaged_image_is_an_error(damage: dict[str, object]) -> None:
    for image in (packed(np.zeros((1, 8, 8))) | damage, {}):
        with pytest.raises(ResultsError, match="image among the samples is damaged"):
            unpacked(image)
