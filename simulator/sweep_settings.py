"""How finely a codec is measured."""

from dataclasses import dataclass

from semlink.channels.snr_db import HIGHEST_DB, LOWEST_DB, is_snr_db
from semlink.errors import WrongField


@dataclass(frozen=True)
class SweepSettings:
    """How finely a codec is measured.

    snr_db:     the Es/N0 points in dB.
    records:    at most so many records of each set, a subset that depends on the seed and the record ids alone.
    draws:      at most so many channel draws for each record and point.
    half_width: stop a point earlier once every codec's interval of the first metric is this narrow (None: never).
    batch:      at most so many records are sent together, fewer of large images. Noise depends on it, so results do.
    Errors: WrongField when a number makes no sense.
    """

    snr_db: tuple[float, ...] = (0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0)
    records: int = 300
    draws: int = 2
    half_width: float | None = None
    batch: int = 64

    def __post_init__(self) -> None:
        if not self.snr_db or not all(map(is_snr_db, self.snr_db)):
            raise WrongField(
                f"The sweep cannot take snr_db={self.snr_db}; give Es/N0 points in dB, such as 0:18:3, from "
                f"{LOWEST_DB:g} to {HIGHEST_DB:g}, or inf for no noise."
            )
        for name in ("records", "draws", "batch"):
            if getattr(self, name) < 1:
                raise WrongField(f"The sweep needs {name} of at least 1.")
        if self.half_width is not None and not self.half_width > 0:
            raise WrongField(f"The sweep cannot take half_width={self.half_width}; give a positive number or none.")
