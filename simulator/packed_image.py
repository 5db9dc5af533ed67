"""Images with three digits a value, as JSON can hold them in little space."""

import base64
import binascii
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semlink.errors import ResultsError

VALUES_MOST = 1 << 20  # of an image
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
        shape = image["shape"]
        if not isinstance(shape, list) or len(shape) != 3 or not all(type(axis) is int and axis > 0 for axis in shape):
            raise ValueError("no shape")
        if (size := math.prod(shape)) > VALUES_MOST:
            raise ValueError("an image that is too large")
        content = zlib.decompressobj().decompress(base64.b64decode(image["thousandths"], validate=True), 2 * size + 1)
        values: list[list[list[float]]] = (np.frombuffer(content, "<i2").reshape(shape) / STEPS).tolist()
    except (KeyError, TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise ResultsError("An image among the samples is damaged; run the experiment again.") from error
    return values
