"""Reads many small pictures from one large one, where they stand as tiles row by row."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semlink.simulator.sources.published import check_published, content_of


def read_tile_grid(path: Path, sha256: str, side: int) -> NDArray[np.uint8]:
    """The tiles of a losslessly compressed RGB picture: uint8 [tiles, side, side, 3].

    Errors: SourceError when the file is missing or its digest is not `sha256`.
    """
    from PIL import Image  # here, since only few sources need it

    content = content_of(path)
    check_published(content, sha256, path)
    with Image.open(io.BytesIO(content)) as picture:
        pixels = np.asarray(picture)
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    return pixels.reshape(rows, side, columns, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
