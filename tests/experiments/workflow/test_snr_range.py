"""Es/N0 points: a range never passes its end, its steps are round, and what is no Es/N0 is refused."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from semlink.experiments.workflow.snr_range import SnrPoints, parse_range

POINTS = TypeAdapter(SnrPoints)
TENTHS = st.integers(-2000, 2000).map(lambda number: Decimal(number) / 10)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("0:1:0.3", (0.0, 0.3, 0.6, 0.9)),
        ("0:18:3", (0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0)),
        ("0:18:5", (0.0, 5.0, 10.0, 15.0)),
        ("0:0.3:0.1", (0.0, 0.1, 0.2, 0.3)),
        ("18:0:-6", (18.0, 12.0, 6.0, 0.0)),
        ("0:2", (0.0, 1.0, 2.0)),
        ("6", (6.0,)),
        ("6, inf", (6.0, math.inf)),
        (6, (6.0,)),
        (np.float32(6), (6.0,)),
        (np.int64(6), (6.0,)),
        (np.array([0, 6]), (0.0, 6.0)),
        ([np.float64(0.5), 1], (0.5, 1.0)),
        ("-300", (-300.0,)),
        ("100", (100.0,)),
    ],
)
def test_points_are_what_was_written(text: object, points: tuple[float, ...]) -> None:
    assert POINTS.validate_python(text) == points


@given(TENTHS, TENTHS, st.integers(1, 50).map(lambda number: Decimal(number) / 10))
def test_a_range_stays_inside_and_is_round(one: Decimal, other: Decimal, step: Decimal) -> None:
    low, high = min(one, other), max(one, other)
    points = parse_range(f"{low}:{high}:{step}")
    assert isinstance(points, tuple)
    assert points[0] == float(low)
    assert points[-1] <= float(high) < points[-1] + float(step) + 1e-9
    assert all(len(f"{abs(point)!r}".partition(".")[2]) == 1 for point in points)  # one decimal, as was written


@pytest.mark.parametrize(
    "wrong",
    ["", "a", "0:18:0", "0:inf", "nan:1", "0:1:nan", "5:0:1", "0:1:0.00001", "0:1:2:3", "1e999", "0:1e999:1", "100.1",
     "-300.1", "-inf", "nan", 101, math.nan, True, [True], [None], ["a"], None, {}, b"6", 10**400, np.array([[1.0]])],
)  # fmt: skip
def test_what_is_no_snr_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        POINTS.validate_python(wrong)
