"""Es/N0 points as users write them: a range, a list, or one number."""

import math
from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from numbers import Real
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from semlink.channels.snr_db import HIGHEST_DB, LOWEST_DB, is_snr_db

RANGE_NEEDED = "is no range of Es/N0 in dB; write low:high:step such as 0:18:3"
POINT_NEEDED = f"give Es/N0 in dB, a number from {LOWEST_DB:g} to {HIGHEST_DB:g}, or inf for no noise"


def parse_range(value: object) -> object:
    """`0:18:3` as 0, 3, ..., 18; a single number, or numbers with commas, as they stand; numbers of any library.

    Steps are decimal: `0:1:0.3` gives 0, 0.3, 0.6, 0.9, of which none passes 1.
    Errors: ValueError with a sentence when it is none of these.
    """
    if isinstance(value, Real):
        return (_point(value),)
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return tuple(_point(item) if isinstance(item, Real) else item for item in value)
    if not isinstance(value, str):
        return value
    try:
        if ":" not in value:
            return tuple(map(_number, value.split(",")))
        low, high, *rest = (Decimal(part.strip()) for part in value.split(":"))
        step = rest[0] if rest else Decimal(1)
        count = ((high - low) / step).to_integral_value(ROUND_FLOOR)
        if len(rest) > 1 or not 0 <= count <= 10_000:
            raise ValueError("no range")
        return tuple(float(low + step * index) for index in range(int(count) + 1))
    except (ValueError, ArithmeticError, InvalidOperation) as error:
        raise ValueError(f'"{value:.60}" {RANGE_NEEDED}') from error


def _number(text: str) -> float:
    """Errors: ValueError when a text is no number, or one that is too large to be told from inf."""
    number = float(text)
    if math.isinf(number) and "inf" not in text.lower():
        raise ValueError("too large")
    return number


def _point(value: Real) -> float:
    """A number of any library. Errors: ValueError when it is none that a float can hold."""
    if isinstance(value, bool):
        raise ValueError(f"{value} is no number; {POINT_NEEDED}")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"the number is too large; {POINT_NEEDED}") from error


def _checked_point(value: float) -> float:
    if not is_snr_db(value):
        raise ValueError(f"{value} is out of range; {POINT_NEEDED}")
    return math.copysign(value, 1.0) if value == 0 else value


SnrDb = Annotated[float, AfterValidator(_checked_point)]
SnrPoints = Annotated[tuple[SnrDb, ...], BeforeValidator(parse_range)]
