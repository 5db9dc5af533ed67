"""An SNR sweep: several codecs over the same records, fades and noise, each number with its interval."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from semlink.channels import channel_of, name_of
from semlink.channels.contract import Channel, Frame
from semlink.codecs.contract import Codec
from semlink.progress import Progress
from semlink.simulator.batches import batch_of
from semlink.simulator.intervals import Interval, bootstrap_interval, mean_interval, rate_interval
from semlink.simulator.kept_statistics import KeptStatistics
from semlink.simulator.link_adaptation import MEASURES as LINK_STATISTICS
from semlink.simulator.link_adaptation import ChannelUse, Fixed, LinkPolicy
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep_settings import SweepSettings
from semlink.version import __version__

MOST_USES = 2**17  # channel uses sent together, so that memory stays bounded where images are large
MEASURES = by_name(
    Measure(
        "channel_uses",
        "uses/record",
        "lower",
        "Channel uses of the data",
        "channel uses",
        scale="free",
        interval="exact",
    ),
    Measure(
        "total_channel_uses",
        "uses/record",
        "lower",
        "Channel uses with pilots",
        "channel uses with pilots",
        scale="free",
        interval="exact",
    ),
)


@dataclass(frozen=True)
class Entry:
    """A codec under test, and the labels that its rows carry.

    name, version, method: labels; the sweep does not look into them.
    policy: how the sender uses what it knows of the link.
    """

    codec: Codec[Any]
    name: str
    version: str = ""
    method: str = "none"
    policy: LinkPolicy = field(default_factory=Fixed)


@dataclass
class _PointSums:
    """Sums over channel draws at one SNR point.

    metric_sums: [entry][metric family] -> statistics [records, columns].
    link_sums:   [entry][name of `LINK_STATISTICS`] -> [records].
    """

    metric_sums: list[list[Statistics]]
    link_sums: list[dict[str, Statistics]]
    draws: int = 0
    stopped: str = ""


@dataclass(frozen=True)
class _Part:
    """Some records of one shape.

    positions: of the records in the set. codec: at the size of the records. batch: as prepared. policy: of the sender.
    references: what estimates are compared with.
    """

    records: Sequence[Record] = field(repr=False)
    positions: np.ndarray[Any, np.dtype[np.int64]]
    codec: Codec[Any]
    batch: Any = field(repr=False)
    policy: LinkPolicy
    references: Any = field(repr=False)

    @cached_property
    def frame(self) -> Frame:
        """The records as encoded, when they are first needed: not where all that was measured of them is there."""
        return self.policy.frame(self.codec, self.batch)


@torch.no_grad()
def measure(
    entries: Sequence[Entry],
    records: Sequence[Record],
    channel: str | Channel,
    set_name: str,
    metrics: Sequence[Metric],
    settings: SweepSettings,
    experiment: str,
    seed: int,
    pairs: Sequence[tuple[int, int]] = (),
    kept: KeptStatistics | None = None,
) -> list[Row]:
    """Rows of every codec, SNR point and metric on one set of records over one channel.

    Each codec encodes each record once. The set is sent in parts of records of one shape, so that images of several
    sizes can be in one set. All codecs meet the same fades and, where they send equally many symbols, the same noise:
    generators depend on (seed, channel, set, SNR, part, draw) alone. Intervals are over records, whose values are means
    over draws.

    In:  channel: an object or its name. The rows, and the keys of the noise, hold its canonical name
         (`semlink.channels.name_of`).
         metrics: the first one decides when a point stops.
         pairs: (first, second), places in `entries`. Each pair gets rows of the paired difference, first minus second,
         with the version of the second as `minus`.
         kept: of exactly this measurement; each codec, draw and part (and Es/N0, where a policy takes one after the
         other) that is there is not measured again.
    Out: rows in the order of metric, SNR and codec, then pair; metrics that are undefined on this set have none.
    Errors: UnknownName, WrongField, ChannelError for the channel.
    """
    channel, channel_name = channel_of(channel), name_of(channel)
    records = subset(records, settings.records, seed)
    parts = [_parts_of(entry, records, settings.batch) for entry in entries]
    mean_uses: dict[int, tuple[float, float]] = {}
    points = {
        snr_db: _PointSums([[np.zeros(0)] * len(metrics) for _ in entries], [{} for _ in entries])
        for snr_db in dict.fromkeys(settings.snr_db)
    }
    label = f"sweep {experiment} {channel_name} {set_name}"
    with Progress(label, settings.draws * len(points) * sum(map(len, parts))) as progress:
        for draw in range(settings.draws):
            pending = {snr_db: point for snr_db, point in points.items() if not point.stopped}
            if not pending:
                break
            keys = (seed, "channel", channel_name, set_name)
            for index, (entry, its_parts) in enumerate(zip(entries, parts, strict=True)):
                uses = [ChannelUse(channel, channel_name, keys, (part, draw)) for part in range(len(its_parts))]
                statistics, link_statistics, mean_uses[index] = _statistics(
                    entry.policy, its_parts, uses, [*pending], metrics, progress, kept, f"{index}/{draw}"
                )
                for snr_db, point in pending.items():
                    sums = point.metric_sums[index]
                    for family, values in enumerate(statistics[snr_db]):
                        sums[family] = sums[family] + values if draw else values
                    for name, values in link_statistics[snr_db].items():
                        point.link_sums[index][name] = point.link_sums[index].get(name, 0.0) + values
            for point in pending.values():
                point.draws = draw + 1
                if _narrow(point, metrics[0], settings.half_width):
                    point.stopped = "target"
    common = {"experiment": experiment, "channel": channel_name, "set": set_name, "seed": seed}
    return [
        *_use_rows(entries, [mean_uses[index] for index in range(len(entries))], {**common, "n": len(records)}),
        *_metric_rows(entries, pairs, points, metrics, common),
        *_link_rows(entries, points, common),
    ]


def _parts_of(entry: Entry, records: Sequence[Record], size: int) -> list[_Part]:
    shapes: dict[tuple[int, ...], list[int]] = {}
    for position, record in enumerate(records):
        shapes.setdefault(np.shape(record.payload), []).append(position)
    parts = []
    for shape, positions in shapes.items():
        codec = entry.codec.sized(shape)
        of_shape = batch_of(codec, [records[position] for position in positions])
        uses = codec.channel_uses(of_shape).cpu()
        most = max(1, min(size, MOST_USES // max(1, int(uses.max()))))
        for rows in torch.argsort(uses, stable=True).split(most):
            places = np.array(positions)[rows.numpy()]
            in_part = [records[place] for place in places]
            references = codec.reference([record.payload for record in in_part])
            parts.append(_Part(in_part, places, codec, of_shape[rows], entry.policy, references))
    return parts


def _statistics(
    policy: LinkPolicy,
    parts: Sequence[_Part],
    channel_uses: Sequence[ChannelUse],
    points: Sequence[float],
    metrics: Sequence[Metric],
    progress: Progress,
    kept: KeptStatistics | None,
    key: str,
) -> tuple[dict[float, list[Statistics]], dict[float, dict[str, Statistics]], tuple[float, float]]:
    """Of one codec at each SNR point: statistics of each metric family and of the link, in the order of the records.

    And the mean channel uses of a record, without and with pilots.
    """
    pieces: list[dict[str, Statistics]] = []
    for number, (part, channel_use) in enumerate(zip(parts, channel_uses, strict=True)):
        of_part: dict[str, Statistics] = {}
        for together in [points] if policy.joint else [[snr_db] for snr_db in points]:
            place = f"{key}/{number}/{together[0]}"
            piece = None if kept is None else kept.find(place)
            if piece is None:
                piece = _of_part(policy, part, channel_use, together, metrics, progress)
                if kept is not None:
                    kept.keep(place, piece)
            else:
                progress.skip(len(together))
            of_part |= piece
        pieces.append(of_part)
    back = np.argsort(np.concatenate([part.positions for part in parts]))
    joined = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    data, total = (float(torch.from_numpy(joined.pop(name)).mean()) for name in MEASURES)
    joined = {name: values[back] for name, values in joined.items()}
    families = range(len(metrics))
    return (
        {snr_db: [joined[f"{snr_db} {family}"] for family in families] for snr_db in points},
        {
            snr_db: {name: joined[f"{snr_db} {name}"] for name in LINK_STATISTICS if f"{snr_db} {name}" in joined}
            for snr_db in points
        },
        (data, total),
    )


def _of_part(
    policy: LinkPolicy,
    part: _Part,
    channel_use: ChannelUse,
    points: Sequence[float],
    metrics: Sequence[Metric],
    progress: Progress,
) -> dict[str, Statistics]:
    """Of one codec and part: statistics by Es/N0 and number of the metric family, or name of `LINK_STATISTICS`.

    And the channel uses of each record, by the names of `MEASURES`.
    """
    channel, mask = channel_use.channel, part.frame.mask
    uses = zip(MEASURES, (channel.data_uses(mask), channel.total_uses(mask)), strict=True)
    piece: dict[str, Statistics] = {name: values.cpu().numpy() for name, values in uses}
    part_metrics = [metric.about(part.records) for metric in metrics]
    for arrival in policy.transmit(channel_use, part.codec, part.batch, part.frame, points):
        for family, metric in enumerate(part_metrics):
            piece[f"{arrival.snr_db} {family}"] = metric.statistics(part.references, arrival.estimate)
        for name, values in arrival.link_statistics.items():
            piece[f"{arrival.snr_db} {name}"] = values.cpu().double().numpy()
        progress.step()
    return piece


def _narrow(point: _PointSums, metric: Metric, half_width: float | None) -> bool:
    if half_width is None or not metric.averages:
        return False
    column = next(iter(metric.averages.values()))
    for sums in point.metric_sums:
        interval = mean_interval(sums[0][:, column] / point.draws)
        if not interval.high - interval.low <= 2 * half_width:
            return False
    return True


def _use_rows(entries: Sequence[Entry], uses: Sequence[tuple[float, float]], common: dict[str, Any]) -> Iterator[Row]:
    for entry, (data, total) in zip(entries, uses, strict=True):
        for metric, value in zip(MEASURES, (data, total), strict=True):
            yield Row(
                codec=entry.name, version=entry.version, method=entry.method, snr_db=None, metric=metric, value=value,
                low=value, high=value, confidence=1.0, unit=MEASURES[metric].unit, code_version=__version__, draws=1,
                stopped="exact", **common,
            )  # fmt: skip


def _metric_rows(
    entries: Sequence[Entry],
    pairs: Sequence[tuple[int, int]],
    points: dict[float, _PointSums],
    metrics: Sequence[Metric],
    common: dict[str, Any],
) -> Iterator[Row]:
    alone: list[tuple[int, int | None]] = [(index, None) for index in range(len(entries))]
    for family, metric in enumerate(metrics):
        for snr_db, point in points.items():
            means = [sums[family] / point.draws for sums in point.metric_sums]
            for index, other in [*alone, *pairs]:
                baseline = None if other is None else means[other]
                minus = None if other is None else entries[other].version
                for name, interval in _intervals(metric, means[index], baseline).items():
                    unit = metric.measures[name].unit
                    yield _row(entries[index], snr_db, point, name, interval, unit, common, minus)


def _link_rows(entries: Sequence[Entry], points: dict[float, _PointSums], common: dict[str, Any]) -> Iterator[Row]:
    """The statistics of the link as means over records; outages as rates."""
    for name, measured in LINK_STATISTICS.items():
        for snr_db, point in points.items():
            for entry, sums in zip(entries, point.link_sums, strict=True):
                if name in sums:
                    values = sums[name] / point.draws
                    rate = measured.interval == "rate"
                    interval = rate_interval(values.mean(), len(values)) if rate else mean_interval(values)
                    yield _row(entry, snr_db, point, name, interval, measured.unit, common)


def _row(
    entry: Entry,
    snr_db: float,
    point: _PointSums,
    metric: str,
    interval: Interval,
    unit: str,
    common: dict[str, Any],
    minus: str | None = None,
) -> Row:
    return Row(
        codec=entry.name, version=entry.version, method=entry.method, snr_db=snr_db, metric=metric,
        value=interval.value, low=interval.low, high=interval.high, confidence=interval.confidence, n=interval.n,
        unit=unit, code_version=__version__, draws=point.draws, stopped=point.stopped or "limit", minus=minus, **common,
    )  # fmt: skip


def _intervals(metric: Metric, statistics: Statistics, baseline: Statistics | None) -> dict[str, Interval]:
    """Intervals of the defined names of a family, of the values or of their paired difference from `baseline`."""
    intervals: dict[str, Interval] = {}
    for name, column in metric.averages.items():
        values = statistics[:, column] if baseline is None else statistics[:, column] - baseline[:, column]
        values = values[~np.isnan(values)]
        if len(values):
            rate = baseline is None and metric.measures[name].interval == "rate"
            intervals[name] = rate_interval(values.mean(), len(values)) if rate else mean_interval(values)
    others = metric.measures.keys() - metric.averages.keys()
    if others:
        resampled = bootstrap_interval(statistics, metric.values, baseline)
        intervals |= {name: resampled[name] for name in others if not math.isnan(resampled[name].value)}
    return {name: intervals[name] for name in metric.measures if name in intervals}
