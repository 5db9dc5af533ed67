"""A sweep reports what theory predicts, pairs its draws, and does not depend on how the work is cut."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.channels.awgn import Awgn
from semlink.errors import WrongField
from semlink.seeding import generator_for
from semlink.simulator.metrics import metrics_for
from semlink.simulator.results import Row
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry, measure
from semlink.simulator.sweep_settings import SweepSettings

METRICS = metrics_for("image")
SETTINGS = SweepSettings(snr_db=(0.0, 10.0, math.inf), records=60, draws=4, batch=32)


def _rows(entries, records, settings=SETTINGS, channel="awgn", seed=0, pairs=()) -> list[Row]:
    return measure(entries, records, channel, "test", METRICS, settings, "toy", seed, pairs)


def _pick(rows, metric, snr_db, minus=None, version="") -> Row:
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


def test_codecs_meet_the_same_noise(pixel_qpsk, black_and_white) -> None:
    """A codec differs from itself by exactly nothing, over fading too."""
    entries = [Entry(pixel_qpsk, "qpsk", version) for version in "abc"]
    rows = _rows(entries, black_and_white, channel="rayleigh", pairs=[(1, 0), (1, 2)])
    for minus in "ac":
        difference = _pick(rows, "mse", 0.0, minus, "b")
        assert (difference.value, difference.low, difference.high) == (0.0, 0.0, 0.0)


def test_pairs_are_compared_in_the_order_in_which_they_are_named(pixel_qpsk, black_and_white) -> None:
    """Whatever the labels of their entries are, and nothing is compared that no pair names."""
    entries = [Entry(pixel_qpsk, name, version) for name, version in (("x", "red"), ("y", "green"), ("x", "blue"))]
    rows = _rows(entries, black_and_white[:5], replace(SETTINGS, snr_db=(3.0,), draws=1), pairs=[(2, 1), (0, 2)])
    compared = [(row.codec, row.version, row.minus) for row in rows if row.metric == "mse"]
    alone = [("x", "red", None), ("y", "green", None), ("x", "blue", None)]
    assert compared == [*alone, ("x", "blue", "green"), ("x", "red", "blue")]
    assert all(row.minus is None for row in _rows(entries, black_and_white[:5], replace(SETTINGS, draws=1)))


@pytest.mark.parametrize("name", ["awgn", "rayleigh:coherence=symbol,csi=estimated"])
def test_a_channel_is_given_as_an_object_or_by_its_name(pixel_qpsk, black_and_white, name) -> None:
    entries, settings = [Entry(pixel_qpsk, "qpsk")], replace(SETTINGS, draws=1)
    by_name = _rows(entries, black_and_white, settings, name)
    assert _rows(entries, black_and_white, settings, build_channel(name)) == by_name
    assert {row.channel for row in by_name} == {name}


def test_a_channel_of_ones_own_is_swept_under_its_name(pixel_qpsk, black_and_white) -> None:
    class HalfNoise(Awgn):
        def forward(self, frame, snr_db, generator):
            return super().forward(frame, snr_db + 3.0103, generator)

    rows = _rows([Entry(pixel_qpsk, "qpsk")], black_and_white, channel=HalfNoise())
    assert {row.channel for row in rows} == {"half-noise"}
    assert _pick(rows, "mse", 0.0).value == pytest.approx(0.125, rel=0.05)


def test_paired_difference_of_a_worse_codec(pixel_qpsk, black_and_white) -> None:
    """The worse receiver doubles every error, which adds three times the mean squared error, record by record."""

    class Doubled(type(pixel_qpsk)):
        def decode(self, reception):
            right = (super().decode(replace(reception, symbols=reception.symbols)) > 0.5).float()
            return right + 2 * (super().decode(reception) - right)

    rows = _rows([Entry(pixel_qpsk, "qpsk", "good"), Entry(Doubled(), "qpsk", "bad")], black_and_white, pairs=[(1, 0)])
    difference = _pick(rows, "mse", 10.0, "good", "bad")
    assert difference.low < 3 * 0.025 < difference.high
    assert difference.high - difference.low < 0.02


def test_a_point_alone_has_the_same_numbers(pixel_qpsk, black_and_white) -> None:
    everything = _rows([Entry(pixel_qpsk, "qpsk")], black_and_white)
    alone = _rows([Entry(pixel_qpsk, "qpsk")], black_and_white, replace(SETTINGS, snr_db=(10.0,)))
    assert [row for row in everything if row.snr_db == 10.0] == [row for row in alone if row.snr_db == 10.0]


def test_noise_is_named_by_seed_channel_set_snr_part_and_draw(pixel_qpsk, black_and_white) -> None:
    """The keys by hand: recorded rows can be measured again only as long as they stay what they are."""
    errors = []
    for draw in range(4):
        for number, start in enumerate((0, 32)):
            batch = pixel_qpsk.prepare([record.payload for record in black_and_white[start : start + 32]])
            generator = generator_for(0, "channel", "awgn", "test", 10.0, number, draw)
            estimate = pixel_qpsk.decode(Awgn()(pixel_qpsk.encode(batch), 10.0, generator))
            errors.append((estimate - batch).double().square().flatten(1).mean(dim=1))
    row = _pick(_rows([Entry(pixel_qpsk, "qpsk")], black_and_white), "mse", 10.0)
    assert row.value == pytest.approx(torch.cat(errors).mean().item(), rel=1e-6)


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


def _sizes(count: int, *shapes: tuple[int, ...]) -> list[Record]:
    """Black and white images of these shapes by turns."""
    draw = np.random.default_rng(0)
    made = (draw.integers(0, 2, shapes[index % len(shapes)]).astype(np.uint8) * 255 for index in range(count))
    return [Record(f"r{index}", image, "t") for index, image in enumerate(made)]


def test_images_of_several_sizes_in_one_set(pixel_qpsk) -> None:
    """Each is compared with itself, and its error is the noise: 3600 pixels or more a size and draw, as above."""
    records = _sizes(36, (8, 8), (32, 24), (24, 32))
    settings = replace(SETTINGS, records=36, batch=5)
    rows = _rows([Entry(pixel_qpsk, "qpsk")], records, settings)
    assert _pick(rows, "mse", math.inf).value < 1e-12
    assert _pick(rows, "mse", 10.0).value == pytest.approx(0.025, rel=0.05)
    assert _pick(rows, "channel_uses", None).value == pytest.approx((32 + 2 * 384) / 3)


def test_records_come_back_in_their_order(pixel_qpsk) -> None:
    """A codec that dims, and one that dims too but sends in another order: record by record they do not differ."""

    class Dimmed(type(pixel_qpsk)):
        def decode(self, reception):
            return super().decode(reception) * 0.5

    class Sorted(Dimmed):
        def channel_uses(self, batch: torch.Tensor) -> torch.Tensor:
            return batch.sum(dim=(1, 2, 3)).long()

    records = _sizes(12, (8, 8), (12, 10))
    entries = [Entry(Dimmed(), "qpsk", "dimmed"), Entry(Sorted(), "qpsk", "sorted")]
    rows = _rows(entries, records, replace(SETTINGS, batch=3, snr_db=(math.inf,)), pairs=[(1, 0)])
    errors = np.array([0.25 * (record.payload / 255).mean() for record in records])
    assert _pick(rows, "psnr", math.inf, version="dimmed").value == pytest.approx(
        -10 * np.log10(errors).mean(), rel=1e-6
    )
    difference = _pick(rows, "mse", math.inf, "dimmed", "sorted")
    assert max(abs(difference.low), abs(difference.high)) < 1e-7 < errors.std() / 100


def test_large_images_are_sent_in_small_parts(pixel_qpsk, monkeypatch) -> None:
    """Memory stays bounded: 32 channel uses each, and at most 70 together; one image goes out even when too large."""
    together = []

    class Watching(type(pixel_qpsk)):
        def decode(self, reception):
            together.append(len(reception.symbols) // len(SETTINGS.snr_db))
            return super().decode(reception)

    for most, largest in ((70, 2), (31, 1), (2**17, 6)):
        monkeypatch.setattr("semlink.simulator.sweep.MOST_USES", most)
        together.clear()
        rows = _rows([Entry(Watching(), "qpsk")], _sizes(6, (8, 8)), replace(SETTINGS, draws=1))
        assert together == [largest] * (6 // largest)
        assert _pick(rows, "mse", math.inf).value < 1e-12


def test_metrics_see_one_part_at_a_time(pixel_qpsk, black_and_white) -> None:
    """Their values for the parts together are their values for the whole set."""
    seen = []

    class Watching(type(METRICS[1])):
        def statistics(self, references, estimates):
            seen.append(len(references))
            return super().statistics(references, estimates)

    settings = replace(SETTINGS, snr_db=(3.0,), draws=1, batch=7)
    parts = measure([Entry(pixel_qpsk, "q")], black_and_white, "awgn", "test", [Watching()], settings, "toy", 0)
    assert seen == [7] * 8 + [4]
    whole = []

    class Collecting(type(METRICS[1])):
        def statistics(self, references, estimates):
            whole.append((references, estimates))
            return super().statistics(references, estimates)

    measure([Entry(pixel_qpsk, "q")], black_and_white, "awgn", "test", [Collecting()], settings, "toy", 0)
    references, estimates = (torch.cat(pieces) for pieces in zip(*whole, strict=True))
    (row,) = [row for row in parts if row.metric == "ssim:window=7"]
    assert row.value == pytest.approx(METRICS[1].statistics(references, estimates)[:, 1].mean(), rel=1e-12)


def test_a_metric_knows_the_records_of_its_part(pixel_qpsk) -> None:
    """In the order of the references, whatever the order in which a codec sends them."""

    class Labelled(type(METRICS[0])):
        def about(self, records):
            labelled = Labelled()
            labelled.records = records
            return labelled

        def statistics(self, references, estimates):
            for record, reference in zip(self.records, references, strict=True):
                assert torch.equal(reference, torch.from_numpy(record.payload / 255).float()[None])
            return super().statistics(references, estimates)

    class Sorted(type(pixel_qpsk)):
        def channel_uses(self, batch: torch.Tensor) -> torch.Tensor:
            return batch.sum(dim=(1, 2, 3)).long()

    records, settings = _sizes(12, (8, 8), (12, 10)), replace(SETTINGS, batch=4)
    assert measure([Entry(Sorted(), "q")], records, "awgn", "test", [Labelled()], settings, "toy", 0)


def test_photographs_upright_and_lying(pixel_qpsk, data_with) -> None:
    """Kodak over AWGN at 10 dB: mean squared error N0 / 4, so 16.02 dB; of 1.2 million samples 0.02 dB is 15 sigma."""
    source = build_source("kodak", {"limit": 4}, data_with("kodak/kodim04.png"))
    records = [source.test[0], source.test[3]]
    assert {record.payload.shape for record in records} == {(512, 768, 3), (768, 512, 3)}
    settings = SweepSettings(snr_db=(10.0,), draws=1)
    rows = measure([Entry(pixel_qpsk, "qpsk")], records, "awgn", "test", METRICS[:1], settings, "toy", 0)
    assert _pick(rows, "psnr", 10.0).value == pytest.approx(10 * math.log10(4 * 10), abs=0.02)
    assert _pick(rows, "channel_uses", None).value == 512 * 768 * 3 / 2


@pytest.mark.parametrize(
    "wrong", [{"snr_db": ()}, {"snr_db": (math.nan,)}, {"snr_db": (101.0,)}, {"draws": 0}, {"half_width": -1.0}]
)
def test_settings_that_make_no_sense(wrong) -> None:
    with pytest.raises(WrongField, match="sweep"):
        SweepSettings(**wrong)
