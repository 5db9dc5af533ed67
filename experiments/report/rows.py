"""Selections from result rows: what one experiment varies, and the single numbers of it."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from semlink.errors import ResultsError
from semlink.experiments.report.seeds import over_seeds
from semlink.simulator.results import Row, read_rows

T = TypeVar("T")
VERSIONS = ("original", "erased", "retrained")
SETS = ("forget", "forget_test", "retain", "test", "trigger")
USUAL_SNR_DB = 12.0


@dataclass(frozen=True)
class Series:
    """What a curve belongs to."""

    version: str
    codec: str
    method: str
    seed: int


@dataclass(frozen=True)
class Point:
    """The one place on the curves that words quote: a channel and an Es/N0 in dB."""

    channel: str
    snr_db: float


class Measurements:
    """The rows of one experiment, found by what they measure."""

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self.name, self.rows = name, rows
        measured = [row for row in rows if row.minus is None]
        self.differences = [row for row in rows if row.minus is not None]
        self._curves: dict[tuple[str, str, str, Series], dict[float | None, Row]] = {}
        for row in measured:
            self._curves.setdefault((row.metric, row.channel, row.set, series_of(row)), {})[row.snr_db] = row
        self.series = in_order((series_of(row) for row in measured), lambda series: series.version, VERSIONS)
        self.curve_metrics = [
            metric
            for metric in dict.fromkeys(row.metric for row in measured)
            if len({row.snr_db for row in measured if row.metric == metric and math.isfinite(row.snr_db or 0)} - {None})
            > 1
        ]
        self.channels = in_order((row.channel for row in measured if row.snr_db is not None), str, ("awgn",))
        self.erased = [series for series in self.series if series.version == "erased"]
        self.point = self._usual_point()

    def _usual_point(self) -> Point | None:
        curves = [row for row in self.rows if row.metric in self.curve_metrics and row.minus is None]
        if not curves:
            return None
        channel = next(channel for channel in self.channels if any(row.channel == channel for row in curves))
        found = sorted({row.snr_db for row in curves if row.channel == channel and row.snr_db is not None})
        return Point(channel, min(found, key=lambda snr_db: abs(snr_db - USUAL_SNR_DB)))

    def label(self, series: Series) -> str:
        """The series in words: only what tells it from the others."""
        parts = [series.version] if len({other.version for other in self.series}) > 1 else []
        peers = [other for other in self.series if other.version == series.version]
        for field in ("codec", "method", "seed"):
            if len({getattr(other, field) for other in peers}) > 1:
                parts.append(f"seed {series.seed}" if field == "seed" else getattr(series, field))
        return " · ".join(parts) or series.codec

    def first(self, version: str) -> Series | None:
        """The first series of a version, or None."""
        return next((series for series in self.series if series.version == version), None)

    def sets(self, metric: str) -> list[str]:
        """The record sets that a metric was measured on, forget first."""
        return in_order((key[2] for key in self._curves if key[0] == metric), str, SETS)

    def channels_of(self, metric: str) -> list[str]:
        """The channels that a metric was measured over, AWGN first."""
        return [channel for channel in self.channels if any(key[:2] == (metric, channel) for key in self._curves)]

    def curve(self, metric: str, channel: str, set_name: str, series: Series) -> list[Row]:
        """The rows of one curve in the order of their Es/N0; empty where it was not measured."""
        found = self._curves.get((metric, channel, set_name, series), {})
        return [found[snr_db] for snr_db in sorted(key for key in found if key is not None)]

    def at_point(self, metric: str, set_name: str, series: Series | None) -> Row | None:
        """One measured number at the usual point, or None."""
        if self.point is None or series is None:
            return None
        return self._curves.get((metric, self.point.channel, set_name, series), {}).get(self.point.snr_db)

    def beside(self, metric: str, first: Series, second: Series | None) -> tuple[Row, Row] | None:
        """The last place where both series were measured, or None."""
        for (name, channel, set_name, series), found in reversed(self._curves.items()):
            if (name, series) == (metric, first) and second is not None:
                others = self._curves.get((metric, channel, set_name, second), {})
                for snr_db in reversed(found):
                    if snr_db in others:
                        return found[snr_db], others[snr_db]
        return None

    def gap(
        self, metric: str, set_name: str, channel: str, snr_db: float | None, erased: Series, minus: str
    ) -> Row | None:
        """The paired difference erased - `minus` at one place, or None."""
        return next(
            (
                row
                for row in reversed(self.differences)
                if (row.metric, row.set, row.channel, row.snr_db) == (metric, set_name, channel, snr_db)
                and (row.version, row.minus) == (erased.version, minus)
                and (series_of(row) == erased or len(self.erased) == 1)
            ),
            None,
        )

    def gap_at_point(self, metric: str, set_name: str, erased: Series, minus: str) -> Row | None:
        """The paired difference at the usual point, or None."""
        if self.point is None:
            return None
        return self.gap(metric, set_name, self.point.channel, self.point.snr_db, erased, minus)

    def single_at(self, metric: str, channel: str, set_name: str, series: Series) -> Row | None:
        """The row of a metric that does not depend on the Es/N0, on one channel and set, or None."""
        return self._curves.get((metric, channel, set_name, series), {}).get(None)

    def single(self, metric: str, series: Series | None) -> Row | None:
        """The last row of a metric that does not depend on the Es/N0, whatever its set and channel, or None."""
        found = [row for row in self.rows if row.metric == metric and row.snr_db is None and row.minus is None]
        return next((row for row in reversed(found) if series_of(row) == series), None)


def load_measurements(path: Path) -> list[Measurements]:
    """The experiments of a `results.jsonl`, in the order of their first rows; seeds of one are taken together.

    Errors: ResultsError when the file is missing, damaged or empty.
    """
    rows = over_seeds(read_rows(path))
    if not rows:
        raise ResultsError(f"{path} holds no result rows; run the experiment again.")
    names = dict.fromkeys(row.experiment for row in rows)
    return [Measurements(name, [row for row in rows if row.experiment == name]) for name in names]


def series_of(row: Row) -> Series:
    """The series that a row belongs to."""
    return Series(row.version, row.codec, row.method, row.seed)


def in_order(values: Iterable[T], key: Callable[[T], str], first: Sequence[str]) -> list[T]:
    """The distinct values, those whose key is in `first` in that order, then the others as they came."""
    distinct = list(dict.fromkeys(values))
    return sorted(distinct, key=lambda value: first.index(key(value)) if key(value) in first else len(first))


def sign_of(row: Row) -> int:
    """+1 or -1 where the interval of a difference lies on one side of zero, else 0."""
    if math.isnan(row.low) or math.isnan(row.high):
        return 0
    return 1 if row.low > 0 else -1 if row.high < 0 else 0
