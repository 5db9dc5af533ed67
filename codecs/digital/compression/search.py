"""The search for the highest level of quality whose size stays within a limit."""

import math
from collections.abc import Callable

BISECT_EVERY = 3  # steps; the others follow the sizes seen, and alone might creep


def highest_fitting(size: Callable[[int], int], levels: int, most: int, near: int | None = None) -> int | None:
    """A level of 0..levels - 1 whose size is at most `most` while the next is larger; None where level 0 is too large.

    Sizes grow with the level, roughly by a constant factor, which shows where to look next. Where they do not grow
    everywhere the level still fits, and still has a larger one above it; it need not be the highest that fits.
    near: where to begin, if there is a guess.
    """
    low, high = -1, levels  # low fits, high does not
    level, stride = (levels // 2, max(1, levels // 4)) if near is None else (near, 1)
    sizes: dict[int, int] = {}
    while high - low > 1:
        sizes[level] = size(level)
        low, high = (level, high) if sizes[level] <= most else (low, level)
        if high == levels:
            level, stride = min(low + stride, high - 1), 2 * stride
        elif low < 0:
            level, stride = max(high - stride, 0), 2 * stride
        else:
            level = _between(low, high, sizes, most)
    return low if low >= 0 else None


def _between(low: int, high: int, sizes: dict[int, int], most: int) -> int:
    """The next level to try between two, the lower of which fits."""
    if sizes[high] <= sizes[low] or len(sizes) % BISECT_EVERY == 0:
        return (low + high) // 2
    share = math.log((most + 1) / (sizes[low] + 1)) / math.log((sizes[high] + 1) / (sizes[low] + 1))
    return min(max(low + int(share * (high - low)), low + 1), high - 1)
