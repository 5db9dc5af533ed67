"""Images with three digits a value, as JSON can hold them in little space."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semlink.errors import ResultsError

STEPS = 1000  # between black and white


def packed(image: NDArray[np.float64]) -> dict[str, Any]:
    """An image as plain data.

    In:  image: [channels, height, width], 0 black and 1 white.
    Out: `shape`: channels, height, width. `thousandths`: the values in steps of 1/1000, clipped to 0..1, as
         little-endian int16 in the order of `shape`, compressed with zlib, in base64.
    """
    steps = (np.nan_to_num(image).clip(0, 1) * STEPS).round().astype("<i2")
    return {"shape": list(steps.shape), "thousandths": base64.b64encode(zlib.compress(steps.tobytes(), 9)).decode()}


def unpacked(image: Mapping[str, Any]) -> list[list[list[float]]]:
    """The values [channels][height][width] of an image that `packed` wrote, in 0..1.

    Errors: ResultsError when it is damaged.
    """
    try:
        steps = np.frombuffer(zlib.decompress(base64.b64decode(image["thousandths"], validate=True)), "<i2")
        values: list[list[list[float]]] = (steps.reshape(image["shape"]) / STEPS).tolist()
    except (KeyError, TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise ResultsError("An image among the samples is damaged; run the experiment again.") from error
    return values
