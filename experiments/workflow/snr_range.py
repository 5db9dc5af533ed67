"""Es/N0 points as users write them: a range, a list, or one number."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from semlink.channels.snr import LOWEST_DB
from semlink.untrusted import cut

SnrDb = Annotated[float, Field(ge=LOWEST_DB)]  # and so not nan


def parse_range(value: object) -> object:
    """`0:18:3` as 0, 3, ..., 18; a single number, or numbers with commas, as they stand.

    Errors: ValueError with a sentence when it is none of these.
    """
    if isinstance(value, int | float):
        return (float(value),)
    if not isinstance(value, str):
        return value
    try:
        if ":" not in value:
            return tuple(float(part) for part in value.split(","))
        low, high, *rest = (float(part) for part in value.split(":"))
        step = rest[0] if rest else 1.0
        count = round((high - low) / step)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError) as error:
        raise ValueError(f'"{cut(value)}" is no range of Es/N0 in dB; write low:high:step such as 0:18:3') from error
    if len(rest) > 1 or count < 0 or count > 10_000:
        raise ValueError(f'"{cut(value)}" is no range of Es/N0 in dB; write low:high:step such as 0:18:3')
    return tuple(low + step * index for index in range(count + 1))


SnrPoints = Annotated[tuple[SnrDb, ...], BeforeValidator(parse_range)]
