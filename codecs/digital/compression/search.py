"""The search for the highest level of quality whose size stays within a limit."""

import math
from collections.abc import Callable

BISECT_EVERY = 3  # steps; the others follow the sizes seen, and alone might creep


def highest_fitting(size: Callable[[int], int], levels: int, most: int) -> int | None:
    """A level of 0..levels - 1 whose size is at most `most` while the next is larger, or None where level 0 is too large.

    Sizes grow with the level, roughly by a constant factor, which tells where to look next. Where they do not grow
    everywhere the level still fits, and still has a larger one above it; it need not be the highest that fits.
    """
    low, high = -1, levels  # low fits, high does not
    sizes: dict[int, int] = {}
    while high - low > 1:
        level = (low + high) // 2
        if low in sizes and high in sizes and sizes[high] > sizes[low] and (len(sizes) + 1) % BISECT_EVERY:
            share = math.log((most + 1) / (sizes[low] + 1)) / math.log((sizes[high] + 1) / (sizes[low] + 1))
            level = min(max(low + int(share * (high - low)), low + 1), high - 1)
        sizes[level] = size(level)
        low, high = (level, high) if sizes[level] <= most else (low, level)
    return low if low >= 0 else None
