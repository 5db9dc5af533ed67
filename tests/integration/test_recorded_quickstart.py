"""What the README says of the quickstart holds for the rows that are recorded in experiments/results/quickstart."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from semlink.experiments.workflow.recipe_file import load_recipe
from semlink.simulator.results import Row, read_rows
from semlink.simulator.sources import build_source

ROWS = read_rows(Path(__file__).resolve().parents[2] / "experiments" / "results" / "quickstart" / "results.jsonl")
POINTS = tuple(float(point) for point in range(0, 19, 3))
LEADING = {"text-python-docs": "word_accuracy", "image-digits": "psnr"}


def _value(experiment: str, version: str, set_name: str, snr_db: float, channel: str = "awgn") -> Row:
    wanted = (experiment, LEADING[experiment], version, set_name, snr_db, channel, None)
    (row,) = [
        row
        for row in ROWS
        if (row.experiment, row.metric, row.version, row.set, row.snr_db, row.channel, row.minus) == wanted
    ]
    return row


def test_every_combination_is_there_with_its_interval() -> None:
    for experiment, channel, version, set_name, snr_db in itertools.product(
        LEADING, ("awgn", "rayleigh"), ("original", "erased", "retrained"), ("forget", "retain", "test"), POINTS
    ):
        row = _value(experiment, version, set_name, snr_db, channel)
        assert row.low <= row.value <= row.high
        assert math.isfinite(row.low + row.high)
        assert row.confidence == 0.95


def test_rows_come_from_the_packaged_recipes() -> None:
    for name in ("quickstart-text", "quickstart-digits"):
        recipe = load_recipe(name)
        assert recipe.sweep.snr_db == POINTS
        assert {row.seed for row in ROWS if row.experiment == recipe.experiment} == {recipe.seed}


def test_unseen_sentences_arrive() -> None:
    assert _value("text-python-docs", "original", "test", 18.0).low >= 0.90
    assert _value("text-python-docs", "original", "test", 6.0).low >= 0.80


def test_images_are_better_than_the_mean_image() -> None:
    """By 6 dB at 9 dB and above, and the better the higher the Es/N0."""
    source = build_source("digits")
    train, test = (np.stack([record.payload for record in part]) / 255 for part in (source.train, source.test))
    mean_image = float(np.mean(-10 * np.log10(((test - train.mean(axis=0)) ** 2).mean(axis=(1, 2)))))
    values = [_value("image-digits", "original", "test", snr_db).value for snr_db in POINTS]
    assert values == sorted(values)
    assert _value("image-digits", "original", "test", 9.0).low >= mean_image + 6


@pytest.mark.parametrize("experiment", LEADING)
@pytest.mark.parametrize("channel", ["awgn", "rayleigh"])
def test_erasure_moves_towards_the_retrained_codec(experiment: str, channel: str) -> None:
    """On the forget set the erased codec is nearer to the retrained one than to the original, from 6 dB on."""
    for snr_db in POINTS[2:]:
        before, after, target = (
            _value(experiment, version, "forget", snr_db, channel).value
            for version in ("original", "erased", "retrained")
        )
        assert abs(after - target) < abs(after - before)
