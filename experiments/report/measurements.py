"""The rows of one experiment, ordered by what they measure, so that the report can look numbers up."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from semlink.experiments.report.labels import codec_label, measure_in_words
from semlink.experiments.report.seeds import over_seeds, study_of
from semlink.simulator.results import Row
from semlink.unlearning.measures import measure_named

T = TypeVar("T")
VERSIONS = ("original", "erased", "retrained")
SETS = ("forget", "forget_test", "retain", "test", "trigger")
USUAL_SNR_DB = 12.0
NOUNS = {"text": "sentences", "image": "images", "class": "images"}  # what records of a modality are called
# Parts of the names of metrics that tell the modality, where no sample does:
MODALITIES = {"bleu": "text", "word": "text", "psnr": "image", "ssim": "image", "label_accuracy": "class"}
# The metrics that speak for a codec, best first: on erased records, and on records that it never saw.
FORGET_METRICS = (
    "term_recall", "patch_brightness", "corpus_bleu4", "sentence_bleu4", "word_accuracy", "psnr", "ssim",
    "label_accuracy", "class_accuracy",
)  # fmt: skip
QUALITY_METRICS = (
    "corpus_bleu4", "sentence_bleu4", "word_accuracy", "psnr", "ssim", "label_accuracy", "class_accuracy",
)  # fmt: skip


@dataclass(frozen=True)
class Series:
    """What a curve belongs to."""

    version: str
    codec: str
    method: str
    seed: int


@dataclass(frozen=True)
class QuotedPoint:
    """The one place on the curves that sentences and tables quote: a channel and an Es/N0 in dB."""

    channel: str
    snr_db: float


class Measurements:
    """The rows of one experiment. Everything is worked out once; a place that was not measured has no entry.

    noun:          what its records are: "sentences", "images" or "records".
    erased_counts: how many records were erased: one number, several where seeds differ, none where it is not known.
    counts:        record set -> how many of its records were measured, at most, in a run of one seed.
    measures:      metric -> what it is.
    series:        original, erased and retrained codecs, then others; erased: the erased ones among them.
    first:         version -> its first series. labels: series -> the words that distinguish it from the others.
    curve_metrics: the metrics that were measured at several Es/N0. channels: AWGN first.
    sets_of, channels_of: metric -> the record sets (forget first) and the channels that it was measured on.
    cells:         (metric, channel, set, series) -> Es/N0 in dB, or None -> row.
    curves:        the same -> the rows of one curve in the order of their Es/N0.
    singles_at:    the same -> the row that does not depend on the Es/N0.
    singles:       (metric, series) -> the last such row, whatever its set and channel.
    differences:   all rows of paired differences.
    gaps:          (metric, set, channel, Es/N0 in dB, series, what is subtracted) -> such a row of an erased codec.
    point:         the usual place on the curves, or None without curves.
    quoted:        (metric, set, series) -> the row at that point.
    quoted_gaps:   (metric, set, series, what is subtracted) -> the difference at that point.
    forget_metric: the metric that shows best whether the erased records are gone, or None without a forget set.
    quality_metric, quality_set: the metric that shows best how well the codec works, and the records that it shows it
                   on: unseen ones where they were measured.
    """

    def __init__(
        self,
        name: str,
        rows: Sequence[Row],
        modality: str = "",
        erased_counts: Sequence[int] = (),
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self.name, self.rows = name, rows
        self.erased_counts = sorted(set(erased_counts))
        self.counts = _counts(rows) if counts is None else counts
        self.measures = {
            metric: measure_in_words(measure_named(metric)) for metric in dict.fromkeys(row.metric for row in rows)
        }
        values = [row for row in rows if row.minus is None]
        self.differences = [row for row in rows if row.minus is not None]

        self.series = in_order((series_of(row) for row in values), lambda series: series.version, VERSIONS)
        self.erased = [series for series in self.series if series.version == "erased"]
        self.first = {series.version: series for series in reversed(self.series)}
        self.labels = {series: _label(series, self.series) for series in self.series}

        self.curve_metrics = [
            metric
            for metric in dict.fromkeys(row.metric for row in values)
            if len({row.snr_db for row in values if row.metric == metric and math.isfinite(row.snr_db or 0)} - {None})
            > 1
        ]
        self.channels = in_order((row.channel for row in values if row.snr_db is not None), str, ("awgn",))
        self.cells: dict[tuple[str, str, str, Series], dict[float | None, Row]] = {}
        for row in values:
            self.cells.setdefault((row.metric, row.channel, row.set, series_of(row)), {})[row.snr_db] = row
        self.sets_of = {
            metric: in_order((row.set for row in values if row.metric == metric), str, SETS) for metric in self.measures
        }
        measured_over = {(row.metric, row.channel) for row in values}
        self.channels_of = {
            metric: [channel for channel in self.channels if (metric, channel) in measured_over]
            for metric in self.measures
        }
        self.curves = {
            place: [cell[snr_db] for snr_db in sorted(key for key in cell if key is not None)]
            for place, cell in self.cells.items()
        }
        self.singles_at = {place: cell[None] for place, cell in self.cells.items() if None in cell}
        self.singles = {(row.metric, series_of(row)): row for row in values if row.snr_db is None}

        self.gaps = {
            (row.metric, row.set, row.channel, row.snr_db, self._owner(row), row.minus): row for row in self.differences
        }
        self.point = self._usual_point(values)
        usual = (self.point.channel, self.point.snr_db) if self.point else ()
        self.quoted = {
            (row.metric, row.set, series_of(row)): row for row in values if (row.channel, row.snr_db) == usual
        }
        self.quoted_gaps = {
            (row.metric, row.set, self._owner(row), row.minus): row
            for row in self.differences
            if (row.channel, row.snr_db) == usual
        }

        self.noun = NOUNS.get(modality or _modality(self.curve_metrics), "records")
        forget = [metric for metric in self.curve_metrics if "forget" in self.sets_of[metric]]
        unseen = [metric for metric in self.curve_metrics if "test" in self.sets_of[metric]]
        self.forget_metric = _first(FORGET_METRICS, forget)
        self.quality_metric = _first(QUALITY_METRICS, unseen or self.curve_metrics)
        quality_sets = self.sets_of[self.quality_metric] if self.quality_metric else []
        self.quality_set = "test" if "test" in quality_sets or not quality_sets else quality_sets[0]

    def _owner(self, row: Row) -> Series:
        """The series that a difference belongs to: where one codec alone was erased, that one."""
        return self.erased[0] if row.version == "erased" and len(self.erased) == 1 else series_of(row)

    def _usual_point(self, values: Sequence[Row]) -> QuotedPoint | None:
        curves = [row for row in values if row.metric in self.curve_metrics]
        if not curves:
            return None
        channel = next(channel for channel in self.channels if any(row.channel == channel for row in curves))
        points = sorted({row.snr_db for row in curves if row.channel == channel and row.snr_db is not None})
        return QuotedPoint(channel, min(points, key=lambda snr_db: abs(snr_db - USUAL_SNR_DB)))


def measurements_of(
    rows: Sequence[Row],
    modalities: Mapping[str, str] | None = None,
    erased_counts: Mapping[str, int] | None = None,
) -> list[Measurements]:
    """The experiments among result rows, in the order of their first rows; seeds of one are taken together.

    modalities: experiment -> "text", "image" or "class", where samples tell it; else the names of metrics do.
    erased_counts: experiment, of one seed each -> how many records were erased, where that is known.
    """
    by_study: dict[str, list[Row]] = {}
    for row in rows:
        by_study.setdefault(study_of(row.experiment), []).append(row)
    experiments = []
    for study, its_rows in by_study.items():
        together = over_seeds(its_rows)
        seeds = dict.fromkeys(row.experiment for row in its_rows)
        name = study if len(seeds) > 1 else next(iter(seeds))
        erased = [count for seed, count in (erased_counts or {}).items() if seed in seeds]
        experiments.append(Measurements(name, together, (modalities or {}).get(name, ""), erased, _counts(its_rows)))
    return experiments


def series_of(row: Row) -> Series:
    """The series that a row belongs to."""
    return Series(row.version, row.codec, row.method, row.seed)


def in_order(values: Iterable[T], key: Callable[[T], str], first: Sequence[str]) -> list[T]:
    """The distinct values, those whose key is in `first` in that order, then the others as they came."""
    distinct = list(dict.fromkeys(values))
    return sorted(distinct, key=lambda value: first.index(key(value)) if key(value) in first else len(first))


def _counts(rows: Iterable[Row]) -> dict[str, int]:
    """How many records of each set were measured in the sweep, or where there was none, by anything."""
    own = [row for row in rows if row.minus is None and row.stopped != "seeds"]
    swept = [row for row in own if row.metric in (*FORGET_METRICS, *QUALITY_METRICS)]
    counts: dict[str, int] = {}
    for row in swept or own:
        counts[row.set] = max(counts.get(row.set, 0), row.n)
    return counts


def _label(series: Series, every: Sequence[Series]) -> str:
    """The series in words: only what distinguishes it from the others."""
    parts = [series.version] if len({other.version for other in every}) > 1 else []
    peers = [other for other in every if other.version == series.version]
    for field in ("codec", "method", "seed"):
        if len({getattr(other, field) for other in peers}) > 1:
            told = {"codec": codec_label(series.codec), "method": series.method, "seed": f"seed {series.seed}"}
            parts.append(told[field])
    return " · ".join(parts) or codec_label(series.codec)


def _modality(metrics: Sequence[str]) -> str:
    names = " ".join(metrics)
    return next((modality for part, modality in MODALITIES.items() if part in names), "")


def _first(preferred: Sequence[str], measured: Sequence[str]) -> str | None:
    return next((metric for metric in preferred if metric in measured), measured[0] if measured else None)
