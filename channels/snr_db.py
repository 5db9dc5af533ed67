"""Which numbers are an Es/N0 in dB: known without torch, so that a mistake in a command is told at once."""

import math
from numbers import Real

LOWEST_DB = -300.0  # below, the noise leaves the range of float32
HIGHEST_DB = 100.0  # above, the noise comes near what float32 rounds off the symbols (about -149 dB); inf: no noise


def is_snr_db(value: object) -> bool:
    """Whether a value is an Es/N0 in dB to train or measure at: a number from -300 to 100, or inf for no noise."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        number = float(value)
    except OverflowError:  # a whole number that no float holds
        return False
    return LOWEST_DB <= number <= HIGHEST_DB or number == math.inf
