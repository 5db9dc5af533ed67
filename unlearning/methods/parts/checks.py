"""What every method checks before it starts."""

import math

from semlink.errors import ErasureError, WrongField
from semlink.unlearning.contract import Partition, Reads


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


def check_records(partition: Partition, sets: tuple[Reads, ...]) -> None:
    """Errors: ErasureError when a set that the method reads has no records."""
    for name in sets:
        if not getattr(partition, name):
            raise ErasureError(f"The {name} set has no records; change the selection of the request.")
