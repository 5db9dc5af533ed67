"""Two runs side by side: their curves in one axis, and what lies between them in a table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from semlink.errors import ResultsError
from semlink.experiments.report.figures import MOST_CURVES, grid_of
from semlink.experiments.report.labels import channel_label, set_label, snr_label
from semlink.experiments.report.measurements import Measurements, Series
from semlink.experiments.report.page import environment, style
from semlink.experiments.report.palette import strokes_of
from semlink.experiments.report.run_files import RunFiles, read_run
from semlink.experiments.report.section import Plot, records_of, slug
from semlink.experiments.report.seeds import study_of
from semlink.experiments.report.verdicts import verdict_sentence, verdicts
from semlink.experiments.workflow.run_folder import RUN
from semlink.files import content_of, write_whole
from semlink.folder_lock import locked
from semlink.simulator.intervals import mean_interval
from semlink.simulator.results import Row

PAGE = "compare.html"
USUAL = ("term_recall", "patch_brightness", "corpus_bleu4", "psnr", "ssim", "label_accuracy", "class_accuracy")

SAME_RECORDS = (
    "Both runs measured the same records. Rows hold no values of single records, so the differences cannot be paired "
    "over them: their intervals are wider than paired ones."
)


@dataclass(frozen=True)
class Difference:
    """One line of the table. heading: metric, records, codec. rows: of the first and the second run, and between."""

    heading: tuple[str, ...]
    rows: tuple[Row, Row, Row]


@dataclass(frozen=True)
class RunComparison:
    """One experiment of the first run beside one of the second.

    name: of the experiment, or of both. verdicts, records: of either run. point: where the table was measured. pairing:
    how the intervals of the differences came about. left_out: what stands in one run alone.
    """

    name: str
    verdicts: tuple[str, str]
    records: tuple[str, str]
    plots: Sequence[Plot]
    point: str
    differences: Sequence[Difference]
    pairing: str
    left_out: str


@locked("out")
def _write(out: Path, page: str, plots: Sequence[Plot]) -> Path:
    for plot in plots:
        write_whole(out / f"{plot.file}.svg", plot.drawing.svg)
        write_whole(out / f"{plot.file}.png", plot.drawing.png())
    write_whole(out / PAGE, page)
    return out / PAGE


def write_comparison(first: Path, second: Path, out: Path | None = None) -> Path:
    """Writes `compare.html` with its figures, and returns its path. Neither run is changed.

    In:     out: the folder to write to; without it `FIRST-and-SECOND` beside the first run.
    Errors: ResultsError when a folder holds no run or is damaged, the runs have nothing in common, or `out` holds
            something else.
    """
    if first.resolve() == second.resolve():
        raise ResultsError(f"{first} is both runs; give two different folders.")
    names = _names(first.resolve(), second.resolve())
    out = out or first.resolve().parent / f"{names[0]}-and-{names[1]}".replace("/", "-")
    if out.exists() and (not out.is_dir() or (out / RUN).exists() or (content_of(out) and not (out / PAGE).exists())):
        raise ResultsError(f"{out} holds something else than a comparison; choose another --out.")
    runs = read_run(first, out), read_run(second, out)
    comparisons = [_compared(one, two, names, runs) for one, two in _pairs(runs[0], runs[1], names)]
    page = (
        environment()
        .get_template("compare.html.j2")
        .render(style=style(), names=names, comparisons=comparisons, versions=(), folders=(first, second))
    )
    return _write(out, page, [plot for comparison in comparisons for plot in comparison.plots])


def _names(first: Path, second: Path) -> tuple[str, str]:
    """What the runs are called: their folders, with the folder above where these are alike."""
    if first.name != second.name:
        return first.name, second.name
    return f"{first.parent.name}/{first.name}", f"{second.parent.name}/{second.name}"


def _pairs(first: RunFiles, second: RunFiles, names: tuple[str, str]) -> list[tuple[Measurements, Measurements]]:
    """The experiments to compare: those of the same name, or the only ones of both runs. Errors: ResultsError."""
    ones, twos = ({measured.name: measured for measured in run.experiments} for run in (first, second))
    shared = [(ones[name], twos[name]) for name in ones if name in twos]
    if not shared and len(ones) == len(twos) == 1:
        shared = [(next(iter(ones.values())), next(iter(twos.values())))]
    if not shared:
        raise ResultsError(
            f"{names[0]} has {', '.join(ones)} and {names[1]} has {', '.join(twos)}; give runs with an experiment of "
            "one name, or with one experiment each."
        )
    return shared


def _compared(
    one: Measurements, two: Measurements, names: tuple[str, str], runs: tuple[RunFiles, RunFiles]
) -> RunComparison:
    """Errors: ResultsError when the two have no metric on the same records, channel and Es/N0."""
    if one.noun != two.noun:
        raise ResultsError(f"{names[0]} is about {one.noun}, {names[1]} about {two.noun}; give runs of one kind.")
    matched = _matched(one, two)
    both = _together(one, two, matched, names)
    if not matched or not both.curve_metrics:
        raise ResultsError(
            f"{names[0]} and {names[1]} have no curve of one metric over one channel on one record set; sweep both "
            "with the same --channel and --snr."
        )
    main = [metric for metric in USUAL if metric in both.curve_metrics] or both.curve_metrics
    name = one.name if one.name == two.name else f"{one.name} and {two.name}"
    pairs = [(_renamed(mine, mine, one, names[0]), _renamed(yours, mine, two, names[1])) for mine, yours in matched]
    strokes = [(stroke, stroke.twin()) for stroke in strokes_of([first for first, _ in pairs])]
    step = MOST_CURVES // 2
    groups = [slice(at, at + step) for at in range(0, len(pairs), step)]
    plots = [
        Plot.of(
            both,
            metric,
            grid_of(both, metric),
            f"{slug(name)}-{slug(metric)}-{number}",
            series=[series for pair in pairs[group] for series in pair],
            look=[stroke for pair in strokes[group] for stroke in pair],
        )
        for metric in main
        for number, group in enumerate(groups, start=1)
    ]
    by_seed = _by_seed(runs[0], one), _by_seed(runs[1], two)
    differences, pairing = _differences(both, main, matched, (one, two), by_seed)
    assert both.point is not None
    return RunComparison(
        name,
        (verdict_sentence(verdicts(one), one.noun), verdict_sentence(verdicts(two), two.noun)),
        (records_of(one), records_of(two)),
        plots,
        f"{snr_label(both.point.snr_db)} over {channel_label(both.point.channel)}",
        differences,
        pairing if not _same_records(one, two, runs) or "seed" in pairing else f"{pairing} {SAME_RECORDS}",
        _left_out((one, two), matched, names),
    )


def _matched(one: Measurements, two: Measurements) -> list[tuple[Series, Series]]:
    """The codecs that belong together: of one version, codec and method; or the only ones of a version."""
    pairs = []
    for mine in one.series:
        alike = [s for s in two.series if (s.version, s.codec, s.method) == (mine.version, mine.codec, mine.method)]
        alone = [s for s in two.series if s.version == mine.version]
        if not alike and len(alone) == len([s for s in one.series if s.version == mine.version]) == 1:
            alike = alone
        pairs += [(mine, yours) for yours in alike[:1]]
    return pairs


def _renamed(series: Series, first: Series, measured: Measurements, run: str) -> Series:
    """A series as it stands in a figure with those of another run. In: first: its partner, or itself, in the first."""
    several = sum(other.version == series.version for other in measured.series) > 1 and series.version == "erased"
    return replace(series, codec=first.codec, method=f"{series.method} in {run}" if several else run)


def _together(
    one: Measurements, two: Measurements, matched: Sequence[tuple[Series, Series]], names: tuple[str, str]
) -> Measurements:
    """The rows of both at the places that both measured, each under the name of its run."""
    found: list[Row] = []
    for index, (measured, other) in enumerate(((one, two), (two, one))):
        wanted = {pair[index]: pair for pair in matched}
        for (metric, channel, set_name, series), cell in measured.cells.items():
            if series in wanted:
                theirs = other.cells.get((metric, channel, set_name, wanted[series][1 - index]), {})
                shown = _renamed(series, wanted[series][0], measured, names[index])
                found += [
                    replace(row, codec=shown.codec, method=shown.method)
                    for snr_db, row in cell.items()
                    if snr_db in theirs
                ]
    modality = {"sentences": "text", "images": "image"}.get(one.noun, "")
    return Measurements(one.name, found, modality, one.erased_counts)


def _by_seed(run: RunFiles, measured: Measurements) -> Mapping[tuple[object, ...], Mapping[str, float]]:
    """What each seed of a study found: place and series -> seed -> value."""
    found: dict[tuple[object, ...], dict[str, float]] = {}
    for row in run.rows:
        if study_of(row.experiment) == measured.name and row.experiment != measured.name and row.minus is None:
            place = (row.metric, row.channel, row.set, row.snr_db, row.version, row.method)
            found.setdefault(place, {})[row.experiment.rpartition("-")[2]] = row.value
    return found


def _differences(
    both: Measurements,
    metrics: Sequence[str],
    matched: Sequence[tuple[Series, Series]],
    measured: tuple[Measurements, Measurements],
    by_seed: tuple[Mapping[tuple[object, ...], Mapping[str, float]], ...],
) -> tuple[list[Difference], str]:
    """The second run minus the first at the quoted point, and how their intervals came about."""
    assert both.point is not None
    channel, snr_db = both.point.channel, both.point.snr_db
    lines, paired = [], False
    for metric in metrics:
        for set_name in both.sets_of[metric]:
            for mine, yours in matched:
                cells = (
                    measured[0].cells.get((metric, channel, set_name, mine), {}),
                    measured[1].cells.get((metric, channel, set_name, yours), {}),
                )
                if any(snr_db not in cell for cell in cells):
                    continue
                first, second = (cell[snr_db] for cell in cells)
                place = (metric, channel, set_name, snr_db)
                seeds = [
                    found.get((*place, series.version, series.method), {})
                    for found, series in zip(by_seed, (mine, yours), strict=True)
                ]
                between = _between(first, second, *seeds)
                paired |= between.stopped == "seeds"
                label = both.measures[metric].label.removesuffix(" (dB)")
                records = set_label(set_name, both.noun).lower()
                lines.append(Difference((label, records, measured[0].labels[mine]), (first, second, between)))
    told = (
        "Differences are paired over the seeds that both runs have."
        if paired
        else "Each interval of a difference takes the two runs as independent of each other."
    )
    return lines, told


def _between(first: Row, second: Row, ones: Mapping[str, float], twos: Mapping[str, float]) -> Row:
    """Second minus first, paired over seeds where both runs have the same several, else as of independent means."""
    seeds = sorted(ones.keys() & twos.keys())
    if len(seeds) > 1:
        interval = mean_interval([twos[seed] - ones[seed] for seed in seeds])
        low, high = interval.low, interval.high
        return replace(second, value=interval.value, low=low, high=high, n=len(seeds), stopped="seeds", minus="first")
    value = second.value - first.value
    low = value - math.hypot(second.value - second.low, first.high - first.value)
    high = value + math.hypot(second.high - second.value, first.value - first.low)
    return replace(second, value=value, low=low, high=high, stopped="limit", minus="first")


def _same_records(one: Measurements, two: Measurements, runs: tuple[RunFiles, RunFiles]) -> bool:
    """Whether both measured the same records of one source, as far as the files say."""
    sources = []
    for run, measured in zip(runs, (one, two), strict=True):
        codec = run.descriptions.get(measured.name, {}).get("codec")
        source = codec.get("source") if isinstance(codec, Mapping) else None
        sources.append(source.get("digest") if isinstance(source, Mapping) else None)
    seeds = [{row.seed for row in measured.rows} for measured in (one, two)]
    return None not in sources and sources[0] == sources[1] and one.counts == two.counts and seeds[0] == seeds[1]


def _left_out(
    measured: tuple[Measurements, Measurements], matched: Sequence[tuple[Series, Series]], names: tuple[str, str]
) -> str:
    """The codecs that stand in one run alone, in a sentence; empty where there are none."""
    told = []
    for index, (run, name) in enumerate(zip(measured, names, strict=True)):
        alone = [run.labels[series] for series in run.series if series not in {pair[index] for pair in matched}]
        if alone:
            told.append(f"{', '.join(alone)} (in {name} alone)")
    return f"Not compared: {'; '.join(told)}." if told else ""
