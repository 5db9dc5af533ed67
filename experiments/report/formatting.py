"""How the report writes numbers: values with their unit, intervals, and times."""

import math

from semlink.simulator.results import Row
from semlink.unlearning.measures import measure_named


def number(row: Row, signed: bool = False) -> str:
    """The value of a row as it is read, with a true minus sign and its unit.

    A long time is given in minutes or hours. signed: with a plus sign as well, as differences have.
    """
    if row.unit == "s" and not signed:
        return duration(row.value)
    text = _value(row.value, row, signed)
    return text if row.unit in ("1", "") else f"{text}\u00a0{row.unit}"


def interval(row: Row, signed: bool = False) -> str:
    """The interval of a row without its unit: "[0.81, 0.85]", empty where there is none or the number is exact."""
    if row.stopped == "exact" or (math.isnan(row.low) and math.isnan(row.high)):
        return ""
    return f"[{_value(row.low, row, signed)}, {_value(row.high, row, signed)}]"


def with_interval(row: Row, signed: bool = False) -> str:
    """The value of a row and, where there is one, its interval: "0.83 [0.81, 0.85]"."""
    return f"{number(row, signed)} {interval(row, signed)}".rstrip()


def without_unit(row: Row) -> str:
    """The value of a row as `number` writes it, without its unit."""
    return number(row).removesuffix(f"\u00a0{row.unit}")


def duration(seconds: float) -> str:
    """A time as it is read: "4.2 s", "3 min 20 s", "2 h 5 min"."""
    if not math.isfinite(seconds):
        return "an unknown time"
    if seconds < 99.5:
        return f"{seconds:.1f}\u00a0s"
    minutes, rest = divmod(round(seconds), 60)
    text = f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    return text.replace(" ", "\u00a0")


def _value(value: float, row: Row, signed: bool) -> str:
    """A value in the digits that fit the unit and the scale of the row's measure."""
    if math.isnan(value):
        return "not a number"
    size = abs(value)
    if math.isinf(value):
        text = "∞"
    elif row.unit == "dB":
        text = f"{size:.2f}"
    elif measure_named(row.metric).scale == "log":
        text = f"{size:.2g}"
    else:
        text = f"{size:.3f}" if size < 10 else f"{size:,.1f}".removesuffix(".0").replace(",", "\u202f")
    zero = not text.strip("0.")
    return f"{'' if zero else '−' if value < 0 else '+' if signed else ''}{text}"
