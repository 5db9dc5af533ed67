"""Two runs side by side: what differs is what their rows say, and what cannot be compared is refused in a sentence."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from semlink import front_door
from semlink.errors import ResultsError
from semlink.experiments.cli.app import app
from semlink.experiments.report.compare import write_comparison
from semlink.simulator.results import Row

StoreRun = Callable[..., Path]


def rows_of(
    level: float, codec: str = "c", metric: str = "psnr", experiment: str = "x", version: str = "original"
) -> list[Row]:
    return [
        Row(
            experiment, codec, version, "", "awgn", snr_db, "test", metric, level + snr_db, level + snr_db - 0.3,
            level + snr_db + 0.3, 0.95, 40, "dB", 0, "0",
        )
        for snr_db in (0.0, 6.0, 12.0)
    ]  # fmt: skip


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8")))


def test_difference_and_interval_of_independent_runs(tmp_path: Path, store_run: StoreRun) -> None:
    """Half-widths of 0.3 each make sqrt(0.3^2 + 0.3^2) = 0.42; both curves stand in one axis."""
    first, second = (store_run(tmp_path / name, rows_of(level)) for name, level in (("a", 20.0), ("b", 21.0)))
    before = sorted(path.read_bytes() for path in (*first.iterdir(), *second.iterdir()))
    page = write_comparison(first, second)
    assert page == tmp_path / "a-and-b" / "compare.html"
    assert "32.00 dB [31.70, 32.30] 33.00 dB [32.70, 33.30] +1.00 dB [+0.58, +1.42]" in text_of(page)
    figure = (page.parent / "figures" / "x-psnr-1.svg").read_text()
    assert {">a</text>", ">b</text>"} <= set(re.findall(r">[^<]+</text>", figure))
    assert sorted(path.read_bytes() for path in (*first.iterdir(), *second.iterdir())) == before
    assert write_comparison(first, second) == page  # what was drawn is drawn again
    assert "script" not in page.read_text()
    assert not re.search(r"https?:|@import|url\((?!#)", page.read_text())


def test_versions_of_an_erasure_stand_in_one_axis(tmp_path: Path, store_run: StoreRun) -> None:
    versions = ("original", "erased", "retrained")
    first, second = (
        store_run(tmp_path / name, [row for version in versions for row in rows_of(level, version=version)])
        for name, level in (("a", 20.0), ("b", 21.0))
    )
    figure = (write_comparison(first, second).parent / "figures" / "x-psnr-1.svg").read_text()
    labels = {f">{version} · {run}</text>" for version in versions for run in "ab"}
    assert labels <= set(re.findall(r">[^<]+</text>", figure))


def test_seeds_of_both_runs_are_paired(tmp_path: Path, store_run: StoreRun) -> None:
    """Each seed differs by exactly 1 dB, so the paired interval has no width though the seeds lie far apart."""
    runs = [
        store_run(tmp_path / name, [row for seed in range(3) for row in rows_of(level + 5 * seed, f"c-seed-{seed}",
                                                                              experiment=f"x-seed-{seed}")])
        for name, level in (("a", 20.0), ("b", 21.0))
    ]  # fmt: skip
    seen = text_of(write_comparison(*runs))
    assert "+1.00 dB [+1.00, +1.00]" in seen
    assert "paired over the seeds that both runs have" in seen


def test_one_codec_each_is_compared_whatever_its_name(tmp_path: Path, store_run: StoreRun) -> None:
    first = store_run(tmp_path / "a", rows_of(20.0, "small", experiment="x"))
    second = store_run(tmp_path / "b", rows_of(21.0, "large", experiment="y"))
    assert "+1.00 dB" in text_of(write_comparison(first, second, tmp_path / "out"))
    more = store_run(tmp_path / "c", [*rows_of(20.0, "small"), *rows_of(20.0, "digital:avif")])
    assert "Not compared: 5G LDPC with AVIF (in c alone)" in text_of(write_comparison(more, first, tmp_path / "out"))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (rows_of(0.5, metric="word_accuracy"), "is about images, b about sentences"),
        ([*rows_of(20.0, experiment="y"), *rows_of(20.0, experiment="z")], "a has x and b has y, z"),
        ([dataclasses.replace(row, channel="rayleigh") for row in rows_of(20.0)], "no curve of one metric"),
        ([dataclasses.replace(row, snr_db=(row.snr_db or 0) + 1) for row in rows_of(20.0)], "no curve of one metric"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, store_run: StoreRun, rows: list[Row], told: str) -> None:
    first, second = store_run(tmp_path / "a", rows_of(20.0)), store_run(tmp_path / "b", rows)
    with pytest.raises(ResultsError, match=told):
        write_comparison(first, second)
    assert not (tmp_path / "a-and-b").exists()


def test_nothing_that_was_there_is_lost(tmp_path: Path, store_run: StoreRun) -> None:
    first, second = store_run(tmp_path / "a", rows_of(20.0)), store_run(tmp_path / "b", rows_of(21.0))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    for out in (first, tmp_path / "mine", tmp_path / "mine" / "letter.txt"):
        with pytest.raises(ResultsError, match="choose another --out"):
            write_comparison(first, second, out)
    with pytest.raises(ResultsError, match="is both runs"):
        write_comparison(first, first)


def test_the_front_door_and_the_command_line_compare(tmp_path: Path, store_run: StoreRun) -> None:
    first, second = store_run(tmp_path / "a", rows_of(20.0)), store_run(tmp_path / "b", rows_of(21.0))
    assert front_door.report(first, beside=second, out=tmp_path / "out") == tmp_path / "out" / "compare.html"
    ended = CliRunner().invoke(app, ["report", "--compare", str(first), str(second), "-o", str(tmp_path / "again")])
    assert ended.exit_code == 0
    assert (tmp_path / "again" / "compare.html").exists()
    for folders in (["--compare", str(first)], [str(first), str(second)]):
        assert isinstance(CliRunner().invoke(app, ["report", *folders]).exception, ResultsError)
