"""A sweep reports what theory predicts, pairs its draws, and does not depend on how the work is cut."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from semlink.errors import WrongField
from semlink.simulator.metrics import metrics_for
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry, SweepSettings, measure

METRICS = metrics_for("image")
SETTINGS = SweepSettings(snr_db=(0.0, 10.0, math.inf), records=60, draws=4, batch=32)


def _rows(entries, records, settings=SETTINGS, channel="awgn", seed=0) -> list[Row]:
    return measure(entries, records, channel, "test", METRICS, settings, "toy", seed)


def _pick(rows, metric, snr_db, minus=None, version="original") -> Row:
    (row,) = [
        row for row in rows if (row.metric, row.snr_db, row.minus, row.version) == (metric, snr_db, minus, version)
    ]
    return row


@pytest.mark.parametrize(("snr_db", "theory"), [(0.0, 0.25), (10.0, 0.025)])
def test_mean_squared_error_is_the_noise(pixel_qpsk, black_and_white, snr_db, theory) -> None:
    """60 images x 4 draws x 64 pixels: one standard deviation is 1.1 % of the value; false alarm below 1e-5."""
    row = _pick(_rows([Entry(pixel_qpsk, "qpsk")], black_and_white), "mse", snr_db)
    assert row.value == pytest.approx(theory, rel=0.05)
    assert row.low < row.value < row.high
    assert (row.n, row.draws, row.unit, row.stopped) == (60, 4, "1", "limit")


def test_without_noise_nothing_is_lost(pixel_qpsk, black_and_white) -> None:
    assert _pick(_rows([Entry(pixel_qpsk, "qpsk")], black_and_white), "mse", math.inf).value < 1e-12


def test_channel_uses_are_counted_with_pilots(pixel_qpsk, black_and_white) -> None:
    rows = _rows([Entry(pixel_qpsk, "qpsk")], black_and_white, channel="rayleigh:coherence=16,csi=estimated")
    assert _pick(rows, "channel_uses", None).value == 32
    assert _pick(rows, "total_channel_uses", None).value > 32


def test_versions_meet_the_same_noise(pixel_qpsk, black_and_white) -> None:
    """Two versions that are the same codec differ by exactly nothing, over fading too."""
    entries = [Entry(pixel_qpsk, "qpsk", version) for version in ("original", "erased", "retrained")]
    rows = _rows(entries, black_and_white, channel="rayleigh")
    for minus in ("original", "retrained"):
        difference = _pick(rows, "mse", 0.0, minus, "erased")
        assert (difference.value, difference.low, difference.high) == (0.0, 0.0, 0.0)


def test_paired_difference_of_a_worse_codec(pixel_qpsk, black_and_white) -> None:
    """The worse receiver doubles every error, which adds three times the mean squared error, record by record."""

    class Doubled(type(pixel_qpsk)):
        def decode(self, reception):
            right = (super().decode(replace(reception, symbols=reception.symbols)) > 0.5).float()
            return right + 2 * (super().decode(reception) - right)

    rows = _rows([Entry(pixel_qpsk, "qpsk"), Entry(Doubled(), "qpsk", "erased")], black_and_white)
    difference = _pick(rows, "mse", 10.0, "original", "erased")
    assert difference.low < 3 * 0.025 < difference.high
    assert difference.high - difference.low < 0.02


def test_a_point_alone_has_the_same_numbers(pixel_qpsk, black_and_white) -> None:
    everything = _rows([Entry(pixel_qpsk, "qpsk")], black_and_white)
    alone = _rows([Entry(pixel_qpsk, "qpsk")], black_and_white, replace(SETTINGS, snr_db=(10.0,)))
    assert [row for row in everything if row.snr_db == 10.0] == [row for row in alone if row.snr_db == 10.0]


def test_another_seed_is_other_noise(pixel_qpsk, black_and_white) -> None:
    first, second = (
        _pick(_rows([Entry(pixel_qpsk, "qpsk")], black_and_white, seed=seed), "mse", 0.0) for seed in (0, 1)
    )
    assert first.value != second.value


def test_each_record_is_encoded_once(pixel_qpsk, black_and_white) -> None:
    class Counting(type(pixel_qpsk)):
        encoded = 0

        def encode(self, batch):
            Counting.encoded += len(batch)
            return super().encode(batch)

    _rows([Entry(Counting(), "qpsk")], black_and_white)
    assert Counting.encoded == 60


def test_stopping_by_half_width(pixel_qpsk, black_and_white) -> None:
    """A generous target stops after one draw, an impossible one at the limit; rows say which."""
    rows = {}
    for half_width in (50.0, 1e-9):
        settings = replace(SETTINGS, snr_db=(0.0,), half_width=half_width, draws=3)
        rows[half_width] = _pick(_rows([Entry(pixel_qpsk, "qpsk")], black_and_white, settings), "mse", 0.0)
    assert (rows[50.0].stopped, rows[50.0].draws) == ("target", 1)
    assert (rows[1e-9].stopped, rows[1e-9].draws) == ("limit", 3)


def test_subset_depends_on_ids_and_seed_alone(black_and_white) -> None:
    chosen = {record.id for record in subset(black_and_white, 10, seed=3)}
    assert len(chosen) == 10
    assert chosen == {record.id for record in subset(black_and_white[::-1], 10, seed=3)}
    assert chosen != {record.id for record in subset(black_and_white, 10, seed=4)}
    assert subset(black_and_white, 1000, seed=3) == black_and_white


def test_records_of_unequal_length_come_back_in_order(pixel_qpsk) -> None:
    """Batches are sorted by length inside; what is compared must still be a record with itself."""
    records = [
        Record(f"r{index}", np.random.default_rng(index).integers(0, 2, (8, 8)).astype(np.uint8) * 255, "t")
        for index in range(7)
    ]

    class Shuffled(type(pixel_qpsk)):
        def channel_uses(self, batch: torch.Tensor) -> torch.Tensor:
            return batch.sum(dim=(1, 2, 3)).long()

    rows = _rows([Entry(Shuffled(), "qpsk")], records, replace(SETTINGS, batch=2, snr_db=(math.inf,)))
    assert _pick(rows, "mse", math.inf).value < 1e-12


@pytest.mark.parametrize("wrong", [{"snr_db": ()}, {"snr_db": (math.nan,)}, {"draws": 0}, {"half_width": -1.0}])
def test_settings_that_make_no_sense(wrong) -> None:
    with pytest.raises(WrongField, match="sweep"):
        SweepSettings(**wrong)
