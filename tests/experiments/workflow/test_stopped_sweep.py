"""A long sweep that is stopped at any moment loses seconds of work, and no number of it moves."""

import random
from pathlib import Path

import pytest

import semlink as sl
from semlink.simulator import kept_statistics, sweep
from semlink.simulator.kept_statistics import KEPT_EVERY

SECONDS = 2.0  # that a piece of the sweep seems to take: a codec, a draw and a part
PIECES = 3 * 2 * 5


class Stopped(BaseException):
    pass


class LongSweep:
    """A sweep in which the clock goes on by `SECONDS` for each piece. measured: how many pieces were."""

    def __init__(self, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shelf, self.measured, self.stop_at = shelf, 0, -1
        of_part = sweep._of_part

        def slow(*arguments):
            if self.measured == self.stop_at:
                raise Stopped
            self.measured += 1
            return of_part(*arguments)

        monkeypatch.setattr(sweep, "_of_part", slow)
        monkeypatch.setattr(kept_statistics.time, "monotonic", lambda: SECONDS * self.measured)

    def run(self, out: Path, stop_at: int = -1) -> bytes:
        """The rows. stop_at: how many pieces have been measured, in all, when it is stopped."""
        self.stop_at = stop_at
        codecs = [self.shelf / name for name in ("image", "erased", "retrained")]
        sl.sweep(codecs, snr_db=[0, 6], out=out, overrides=["records=20", "batch=4", "draws=2"])
        return (out / "results.jsonl").read_bytes()


def test_work_lost(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight sweeps of a minute, each stopped once at a random moment: at most 5 s and the piece at hand are lost."""
    long = LongSweep(shelf, monkeypatch)
    rows = long.run(tmp_path / "whole" / "out")
    assert long.measured == PIECES
    dice, lost = random.Random(0), []
    for number in range(8):
        out = tmp_path / str(number) / "out"
        long.measured = 0
        with pytest.raises(Stopped):
            long.run(out, dice.randrange(1, PIECES))
        assert long.run(out) == rows
        lost.append(SECONDS * (long.measured - PIECES))
        assert [path.suffix for path in (out / ".parts").iterdir()] == [".jsonl"]
        assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert max(lost) <= KEPT_EVERY
    assert sum(lost) > 0  # or nothing was stopped


def test_a_sweep_that_was_stopped_after_its_rows_were_kept_leaves_nothing(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = LongSweep(shelf, monkeypatch)
    remove = kept_statistics.KeptStatistics.remove
    monkeypatch.setattr(kept_statistics.KeptStatistics, "remove", _stop)
    with pytest.raises(Stopped):
        long.run(tmp_path / "out")
    monkeypatch.setattr(kept_statistics.KeptStatistics, "remove", remove)
    assert {path.suffix for path in (tmp_path / "out" / ".parts").iterdir()} == {".jsonl", ".unfinished"}
    long.run(tmp_path / "out", stop_at=long.measured)
    assert {path.suffix for path in (tmp_path / "out" / ".parts").iterdir()} == {".jsonl"}


def _stop(*_: object) -> None:
    raise Stopped
