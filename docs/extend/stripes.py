"""A source: images of stripes, each with an owner who can ask for erasure."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import semlink as sl


@sl.register("source", "stripes")
@dataclass(frozen=True)
class Stripes(sl.SourceReader):
    """Noisy stripes, upright or level, of 8 by 8 pixels."""

    terms = sl.Terms(content="Stripes drawn by a program.", persons="None.", licence="Public domain.")
    records: int = 120

    def read(self, data_dir: Path | None) -> sl.Source:
        made = [self.record(number) for number in range(self.records)]
        tenth = self.records // 10
        parts = made[2 * tenth :], made[:tenth], made[tenth : 2 * tenth]  # train, validation, test
        return sl.Source("stripes", "image", *parts, labels=("upright", "level"))

    def record(self, number: int) -> sl.Record:
        draw, label = np.random.default_rng(number), number % 2
        stripes = np.tile(200 * (np.arange(8) // draw.integers(1, 4) % 2), (8, 1)) + draw.integers(0, 56, (8, 8))
        image = (stripes.T if label else stripes).astype(np.uint8)
        return sl.Record(f"stripes/{number}", image, owner=f"owner-{number % 6}", label=label)
