"""What a sweep has measured is kept: a stopped one goes on where it was, and no digit of a row moves."""

import numpy as np
import pytest

from semlink.simulator import kept_statistics
from semlink.simulator.kept_statistics import KeptStatistics
from semlink.simulator.link_adaptation import Fixed
from semlink.simulator.metrics import metrics_for
from semlink.simulator.sweep import Entry, measure
from semlink.simulator.sweep_settings import SweepSettings

SETTINGS = SweepSettings(snr_db=(0.0, 5.0, 10.0), records=60, draws=2, batch=16)
METRICS = metrics_for("image")
PIECES = 2 * 2 * 4  # codecs, draws, parts


class Stopped(Exception):
    pass


class Counted(Fixed):
    """Counts its transmissions, and stops before one of them."""

    def __init__(self, done, stop_at=None) -> None:
        self.done, self.stop_at = done, stop_at

    def transmit(self, channel_use, codec, batch, frame, points):
        if len(self.done) == self.stop_at:
            raise Stopped
        self.done.append(points)
        yield from super().transmit(channel_use, codec, batch, frame, points)


class OneByOne(Counted):
    """The same, one Es/N0 after the other."""

    joint = False


@pytest.fixture
def at_once(monkeypatch) -> None:
    """Every piece is written."""
    monkeypatch.setattr(kept_statistics, "KEPT_EVERY", 0.0)


def _measure(codec, records, policy, kept=None):
    entries = [Entry(codec, "one", policy=policy), Entry(codec, "two", policy=policy)]
    return measure(entries, records, "rayleigh", "test", METRICS, SETTINGS, "toy", 0, [(0, 1)], kept)


@pytest.mark.parametrize(("policy", "pieces"), [(Counted, PIECES), (OneByOne, PIECES * 3)])
def test_a_stopped_sweep_goes_on_where_it_was(pixel_qpsk, black_and_white, tmp_path, at_once, policy, pieces) -> None:
    """Stopped three times; each piece is measured once in all, and the rows are those of a sweep without a store."""
    rows, done = _measure(pixel_qpsk, black_and_white, policy([])), []
    for stop_at in (1, pieces // 3, pieces - 1):
        with pytest.raises(Stopped):
            _measure(pixel_qpsk, black_and_white, policy(done, stop_at), KeptStatistics(tmp_path / "kept"))
    assert _measure(pixel_qpsk, black_and_white, policy(done), KeptStatistics(tmp_path / "kept")) == rows
    assert len(done) == pieces
    assert _measure(pixel_qpsk, black_and_white, policy(done, pieces), KeptStatistics(tmp_path / "kept")) == rows


def test_quick_work_leaves_no_file(pixel_qpsk, black_and_white, tmp_path) -> None:
    kept = KeptStatistics(tmp_path / "kept")
    assert _measure(pixel_qpsk, black_and_white, Fixed(), kept) == _measure(pixel_qpsk, black_and_white, Fixed())
    assert list(tmp_path.iterdir()) == []
    kept.remove()


def test_arrays_come_back_as_they_were_and_go_when_all_is_done(tmp_path, at_once) -> None:
    piece = {"0.0 0": np.array([[0.1, np.nan], [1 / 3, -0.0]]), "inf outage_rate": np.array([1.0, np.inf])}
    kept = KeptStatistics(tmp_path / "kept")
    kept.keep("0/1/2", piece)
    kept.keep("0/1/20", {"0.0 0": np.zeros((0, 3))})
    found = KeptStatistics(tmp_path / "kept").find("0/1/2")
    assert found is not None
    assert {name: (values.dtype, values.tobytes()) for name, values in found.items()} == {
        name: (values.dtype, values.tobytes()) for name, values in piece.items()
    }
    assert KeptStatistics(tmp_path / "kept").find("0/1/3") is None
    kept.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
def test_a_damaged_file_is_measured_again(tmp_path, at_once, damage: str) -> None:
    kept = KeptStatistics(tmp_path)
    for number in range(2):
        kept.keep(str(number), {"0.0 0": np.arange(100.0)})
    content = bytearray((tmp_path / "000001.npz").read_bytes())
    content[500] ^= 1
    damaged = {"cut": content[:-40], "changed": content, "emptied": b""}[damage]
    (tmp_path / "000001.npz").write_bytes(damaged)
    again = KeptStatistics(tmp_path)
    assert again.find("0") is None
    assert again.find("1") is not None
    again.keep("0", {"0.0 0": np.arange(100.0)})
    assert KeptStatistics(tmp_path).find("0") is not None
    assert KeptStatistics(tmp_path).find("1") is not None
