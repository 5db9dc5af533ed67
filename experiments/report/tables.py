"""Tables of the report: distances to the retrained codec, and the numbers that are no curve, in few lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from semlink.experiments.report.metric_labels import (
    SET_WORDS,
    channel_words,
    interval,
    metric_words,
    number,
    set_words,
    snr_words,
)
from semlink.experiments.report.rows import SETS, Measurements, in_order, series_of
from semlink.simulator.results import Row

COST = ("seconds", "steps", "samples", "peak_memory_mib")
Cells = tuple[Row | None, ...]


@dataclass(frozen=True)
class Line:
    """A line of a table: its heading cells and the rows that fill the others."""

    heading: tuple[str, ...]
    cells: Cells


@dataclass(frozen=True)
class _Place:
    """Where a number was measured."""

    set: str
    channel: str
    snr_db: float | None


def gaps(measured: Measurements, metrics: Sequence[str], noun: str) -> dict[str, list[Line]]:
    """The paired differences of the first method, erased - retrained, of the main metrics, by set and channel."""
    if not measured.erased:
        return {}
    found: dict[str, list[Line]] = {}
    for metric in metrics:
        for set_name in measured.sets(metric):
            for channel in measured.channels_of(metric):
                cells = tuple(
                    measured.gap(metric, set_name, channel, snr_db, measured.erased[0], "retrained")
                    for snr_db in snrs(measured, metrics)
                )
                if any(cells):
                    label = metric_words(metric).label
                    several = f" ({measured.label(measured.erased[0])})" if len(measured.erased) > 1 else ""
                    place = f"{set_words(set_name, noun)}, {channel_words(channel)}"
                    found.setdefault(f"{label}{several}", []).append(Line((place,), cells))
    return found


def snrs(measured: Measurements, metrics: Sequence[str]) -> list[float]:
    """Every Es/N0 in dB that one of the metrics was measured at."""
    return sorted({row.snr_db for row in measured.rows if row.metric in metrics and row.snr_db is not None})


def singles(measured: Measurements) -> list[Line]:
    """The numbers that are no curve (times, channel uses, audits), with a column for each series.

    Sets and channels that show the same numbers share a line.
    """
    tables: dict[tuple[str, str | None], dict[_Place, dict[int, Row]]] = {}
    columns = {series: column for column, series in enumerate(measured.series)}
    for row in measured.rows:
        if row.metric not in measured.curve_metrics and series_of(row) in columns:
            table = tables.setdefault((row.metric, row.minus), {})
            table.setdefault(_Place(row.set, row.channel, row.snr_db), {})[columns[series_of(row)]] = row
    lines = []
    for (metric, minus), table in tables.items():
        filled = {place: tuple(map(found.get, range(len(columns)))) for place, found in table.items()}
        label = metric_words(metric).label + (f", erased − {minus}" if minus else "")
        data = tables.get(("channel_uses", minus), {}) if metric == "total_channel_uses" else {}
        told = {place: cells for place, cells in filled.items() if not _without_pilots(table[place], data.get(place))}
        for where, cells in _merged(told, list(filled)):
            lines.append(Line((label, "" if metric in COST else where), cells))  # training belongs to no place
    return lines


def _without_pilots(total: dict[int, Row], data: dict[int, Row] | None) -> bool:
    return data is not None and {c: row.value for c, row in total.items()} == {c: row.value for c, row in data.items()}


def _merged(table: dict[_Place, Cells], everywhere: Sequence[_Place]) -> list[tuple[str, Cells]]:
    """The lines of one measure: first the channels that look alike on a set, then the sets alike over channels.

    everywhere: all places of the measure, so that "all" is said only of all.
    """
    channels: dict[tuple[str, float | None, tuple[str, ...]], list[str]] = {}
    for place, cells in table.items():
        channels.setdefault((place.set, place.snr_db, _look(cells)), []).append(place.channel)
    sets: dict[tuple[tuple[str, ...], float | None, tuple[str, ...]], list[str]] = {}
    for (set_name, snr_db, look), found in channels.items():
        sets.setdefault((tuple(found), snr_db, look), []).append(set_name)
    lines = []
    for (its_channels, snr_db, _), its_sets in sets.items():
        set_titles = [SET_WORDS.get(name, name).lower() for name in in_order(its_sets, str, SETS)]
        channel_titles = [channel_words(name) for name in its_channels]
        where = [
            _all_of("sets", set_titles, len({place.set for place in everywhere})),
            _all_of("channels", channel_titles, len({place.channel for place in everywhere})),
            "" if snr_db is None else snr_words(snr_db),
        ]
        text = ", ".join(filter(None, where))
        lines.append((text[:1].upper() + text[1:], table[_Place(its_sets[0], its_channels[0], snr_db)]))
    return lines


def _look(cells: Cells) -> tuple[str, ...]:
    return tuple(f"{number(row)} {interval(row)}" if row else "" for row in cells)


def _all_of(kind: str, titles: Sequence[str], count: int) -> str:
    return f"all {kind}" if len(titles) == count > 1 else " and ".join(titles)
