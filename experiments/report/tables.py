"""Tables of the report: numbers at one Es/N0, distances to the retrained codec, and the numbers that are no curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from semlink.experiments.report.formatting import is_area, with_interval
from semlink.experiments.report.labels import SET_LABELS, channel_label, set_label, snr_label
from semlink.experiments.report.measurements import SETS, Measurements, in_order, series_of
from semlink.simulator.results import Row
from semlink.unlearning.cost import MEASURES as COST

# Beside the main metrics, what a user of the codec would ask where several methods are compared:
COMPARED = ("backdoor_accuracy", "class_accuracy", "ssim", "word_accuracy")
ABOVE_ZERO = (
    "Above zero the erased codec does better than the codec that never saw the erased records; on erased records that "
    "is a trace of them. Below zero it does worse."
)
BELOW_ZERO = (
    "Below zero the erased codec does better than the codec that never saw the erased records; on erased records that "
    "is a trace of them. Above zero it does worse."
)
NOT_JUDGED = "Not judged: whether more or less of it is better is not known."
READINGS = {"higher": ABOVE_ZERO, "lower": BELOW_ZERO, "none": NOT_JUDGED}

Cells = tuple[Row | None, ...]


@dataclass(frozen=True)
class TableLine:
    """A line of a table: its heading cells and the rows that fill the others."""

    heading: tuple[str, ...]
    cells: Cells


@dataclass(frozen=True)
class PointTable:
    """The main metrics of every series at the usual point. heads: of the columns after the first."""

    heads: tuple[str, ...]
    lines: list[TableLine]


@dataclass(frozen=True)
class GapTable:
    """Paired differences erased - retrained of the first method. metrics: heading of each metric -> its lines.

    snr_db: of the columns. reading: what a difference above or below zero says.
    """

    snr_db: list[float]
    metrics: Mapping[str, list[TableLine]]
    reading: str


@dataclass(frozen=True)
class _Place:
    """Where a number was measured."""

    set: str
    channel: str
    snr_db: float | None


def point_table(measured: Measurements, metrics: Sequence[str]) -> PointTable:
    """The metrics on each of their sets at the usual point; more metrics where several methods are compared."""
    if len(measured.erased) > 1:
        metrics = [*metrics, *(m for m in COMPARED if m in measured.curve_metrics and m not in metrics)]
    columns = [(metric, set_name) for metric in metrics for set_name in measured.sets_of[metric]]
    heads = tuple(
        f"{measured.measures[metric].label.removesuffix(' (dB)')}, {set_label(set_name, measured.noun).lower()}"
        for metric, set_name in columns
    )
    lines = [
        TableLine((measured.labels[series],), tuple(measured.quoted.get((*column, series)) for column in columns))
        for series in measured.series
    ]
    return PointTable(heads, [line for line in lines if any(line.cells)])


def gap_table(measured: Measurements, metrics: Sequence[str]) -> GapTable:
    """The paired differences of the first method, erased - retrained, of the main metrics, by set and channel."""
    points = sorted({row.snr_db for row in measured.rows if row.metric in metrics and row.snr_db is not None})
    table: dict[str, list[TableLine]] = {}
    readings = {}
    if not measured.erased:
        return GapTable(points, table, "")
    erased = measured.erased[0]
    several = f" ({measured.labels[erased]})" if len(measured.erased) > 1 else ""
    for metric in metrics:
        measure = measured.measures[metric]
        for set_name in measured.sets_of[metric]:
            for channel in measured.channels_of[metric]:
                cells = tuple(
                    measured.gaps.get((metric, set_name, channel, snr_db, erased, "retrained")) for snr_db in points
                )
                if any(cells):
                    place = f"{set_label(set_name, measured.noun)}, {channel_label(channel)}"
                    table.setdefault(f"{measure.label}{several}", []).append(TableLine((place,), cells))
                    readings[measure.label] = READINGS[measure.direction]
    if len(set(readings.values())) == 1:
        return GapTable(points, table, next(iter(readings.values())))
    return GapTable(points, table, " ".join(f"{label}: {reading}" for label, reading in readings.items()))


def single_lines(measured: Measurements) -> list[TableLine]:
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
        filled = {place: tuple(map(cells.get, range(len(columns)))) for place, cells in table.items()}
        label = measured.measures[metric].label + (f", erased − {minus}" if minus else "")
        data = tables.get(("channel_uses", minus), {}) if metric == "total_channel_uses" else {}
        shown = {place: cells for place, cells in filled.items() if not _without_pilots(table[place], data.get(place))}
        if not minus and is_area(metric):
            label += ", folded: max(AUC, 1 − AUC)"
        elif is_area(metric):
            label += ", before folding"
        for where, cells in _merged(shown, list(filled)):
            lines.append(TableLine((label, "" if metric in COST else where), cells))  # training belongs to no place
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
    for (set_name, snr_db, look), alike in channels.items():
        sets.setdefault((tuple(alike), snr_db, look), []).append(set_name)
    lines = []
    for (its_channels, snr_db, _), its_sets in sets.items():
        set_titles = [SET_LABELS.get(name, name).lower() for name in in_order(its_sets, str, SETS)]
        channel_titles = [channel_label(name) for name in its_channels]
        where = [
            _all_of("sets", set_titles, len({place.set for place in everywhere})),
            _all_of("channels", channel_titles, len({place.channel for place in everywhere})),
            "" if snr_db is None else snr_label(snr_db),
        ]
        text = ", ".join(filter(None, where))
        lines.append((text[:1].upper() + text[1:], table[_Place(its_sets[0], its_channels[0], snr_db)]))
    return lines


def _look(cells: Cells) -> tuple[str, ...]:
    return tuple(with_interval(row) if row else "" for row in cells)


def _all_of(kind: str, titles: Sequence[str], count: int) -> str:
    return f"all {kind}" if len(titles) == count > 1 else " and ".join(titles)
