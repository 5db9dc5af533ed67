"""Small image files for tests of sources."""

from pathlib import Path

import numpy as np
from PIL import Image


def picture(seed: int, height: int = 20, width: int = 24, mode: str = "RGB") -> Image.Image:
    """An image that no other seed gives, with smooth parts as a photograph has."""
    generator = np.random.default_rng(seed)
    coarse = Image.fromarray(generator.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def save_pictures(folder: Path, count: int, first: int = 0, height: int = 20, width: int = 24) -> list[Path]:
    """Files 000.png and so on in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03d}.png" for number in range(count)]
    for number, path in enumerate(paths):
        picture(first + number, height, width).save(path)
    return paths
