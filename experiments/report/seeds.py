"""Runs of one experiment with several seeds, drawn together: means over seeds with their intervals."""

import dataclasses
import re
from collections.abc import Iterable, Sequence

from semlink.simulator.intervals import mean_interval
from semlink.simulator.results import Row

NAMED = re.compile(r"(?P<study>.+)-seed-(?P<seed>\d+)")


def study_of(experiment: str) -> str:
    """The experiment without its seed, for a name as `semlink run --seeds` gives it; other names stay."""
    parts = NAMED.fullmatch(experiment)
    return parts["study"] if parts else experiment


def over_seeds(rows: Sequence[Row]) -> list[Row]:
    """Rows of runs that differ in nothing but the seed as one row each: its mean and the t interval over seeds.

    A number that one of the seeds lacks is left out; experiments with one seed stay as they are. A row of several seeds
    rests on n = seeds, since records and noise within a seed are not independent trials of the training.
    """
    runs: dict[str, set[str]] = {}
    groups: dict[tuple[object, ...], dict[str, Row]] = {}
    for row in rows:
        runs.setdefault(study_of(row.experiment), set()).add(row.experiment)
        groups.setdefault(_key(row), {})[row.experiment] = row
    together = []
    for row in rows:
        seeds = len(runs[study_of(row.experiment)])
        group = groups[_key(row)]
        if seeds == 1:
            together.append(row)
        elif next(iter(group.values())) is row and len(group) == seeds:
            together.append(_mean_over(list(group.values())))
    return together


def first_of_each(names: Iterable[str]) -> dict[str, str]:
    """The experiment that stands for a study wherever one has to be shown: study -> the name of its first seed."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(study_of(name), name)
    return first


def _key(row: Row) -> tuple[object, ...]:
    names = study_of(row.experiment), study_of(row.codec)
    return *names, row.version, row.method, row.channel, row.snr_db, row.set, row.metric, row.minus


def _mean_over(group: Sequence[Row]) -> Row:
    first = group[0]
    interval = mean_interval([row.value for row in group])
    return dataclasses.replace(
        first, experiment=study_of(first.experiment), codec=study_of(first.codec), value=interval.value,
        low=interval.low, high=interval.high, confidence=interval.confidence, n=interval.n, stopped="seeds",
    )  # fmt: skip
