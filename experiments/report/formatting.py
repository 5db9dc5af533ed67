"""How the report writes numbers: values with their unit, intervals, and times."""

import math
from dataclasses import replace

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


def whole(count: int) -> str:
    """A count as it is read: "134 617"."""
    return f"{count:,}".replace(",", "\u202f")


def is_attack(row: Row) -> bool:
    """Whether a row is the area under the curve of an attack, of which 0.5 says nothing and 0 as much as 1."""
    return is_area(row.metric) and row.minus is None


def is_area(metric: str) -> bool:
    """Whether a metric is the area under the curve of an attack."""
    return metric.partition(":")[0].endswith("_auc")


def folded(row: Row) -> Row:
    """The area under the curve of an attack as max(AUC, 1 - AUC): an attacker takes the side that tells more."""
    if not is_attack(row) or math.isnan(row.value):
        return row
    value, low, high = row.value, row.low, row.high
    if value < 0.5:
        value, low, high = 1 - value, 1 - high, 1 - low
    if low < 0.5 < high:
        low, high = 0.5, max(high, 1 - low)
    return replace(row, value=value, low=low, high=high)


def attack_side(row: Row) -> str:
    """Which way an attack tells erased records from unseen ones, from its row before it is folded."""
    if not is_attack(row) or math.isnan(row.value) or row.low <= 0.5 <= row.high:
        return ""
    if row.metric.startswith("calibrated"):
        return f"erased records lose {'less' if row.value > 0.5 else 'more'} than by retrained codecs"
    if row.metric.startswith("membership"):
        return f"erased records have {'lower' if row.value > 0.5 else 'higher'} loss"
    return f"erased records score {'higher' if row.value > 0.5 else 'lower'}"


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
