"""The check of the numbers that a method is given."""

import math

from semlink.errors import WrongField


def check_numbers(method: object, positive: tuple[str, ...], not_negative: tuple[str, ...] = ()) -> None:
    """A field that is None is left to the method.

    Errors: WrongField when a named field of `method` is not finite, negative, or 0 where it has to be positive.
    """
    for name in (*positive, *not_negative):
        value = getattr(method, name)
        if value is None:
            continue
        if not math.isfinite(value) or value < 0 or (value == 0 and name in positive):
            kind = "positive number" if name in positive else "number that is not negative"
            raise WrongField(f"{type(method).__name__} cannot take {name}={value}; give a {kind}.")
