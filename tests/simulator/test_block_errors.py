"""Measured block error rates: what they are, when they are measured, and what is chosen from them."""

import errno
import json
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from io import FileIO
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

from semlink.channels import build_channel
from semlink.channels.contract import Frame
from semlink.codecs.digital.modulation_and_coding import LADDER, mcs_named
from semlink.codecs.digital.transport import CHAIN, transport_for
from semlink.errors import ResultsError, UnknownName, WrongField
from semlink.files import TEMPORARY, write_whole
from semlink.seeding import generator_for
from semlink.simulator import block_errors
from semlink.simulator.block_errors import BlockErrors, MeasuredPoint, measure, measured_uses

QPSK = mcs_named("qpsk-1/2")


class ShortWriter(FileIO):
    """A file whose `write` a test replaces."""


@pytest.fixture
def no_simulation(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """When called, from then on a simulation is a failure."""

    def refuse(*_: object) -> MeasuredPoint:
        pytest.fail("this was measured before")

    return lambda: monkeypatch.setattr(block_errors, "measure", refuse)


def test_a_rate_is_that_of_other_blocks_too(tmp_path: Path) -> None:
    """Fisher's exact test of two independent simulations, at a false-alarm rate of 1 %."""
    target = 0.25
    rate = BlockErrors(tmp_path).rate(64, "awgn", QPSK, 1.5, target)
    (row,) = BlockErrors(tmp_path).rows("awgn")
    assert (row.value, row.codec, row.channel, row.snr_db, row.set) == (rate, "qpsk-1/2", "awgn", 1.5, "64 uses")
    assert row.low < row.value < row.high
    block, generator = transport_for(QPSK, 64), generator_for("other blocks")
    bits = torch.randint(2, (600, block.information_bits), dtype=torch.uint8, generator=generator)
    frame = Frame(block.send(bits), torch.ones(600, 64, dtype=torch.bool))
    received, arrived = block.receive(build_channel("awgn")(frame, 1.5, generator))
    lost = int((~arrived | (received != bits).any(dim=1)).sum())
    errors = round(row.value * row.n)
    assert stats.fisher_exact([[errors, row.n - errors], [lost, 600 - lost]]).pvalue > 0.01
    assert 0.05 < rate < 0.6


def test_what_was_measured_is_not_measured_again(tmp_path: Path, no_simulation: Callable[[], None]) -> None:
    first = BlockErrors(tmp_path)
    chosen = [first.choose(32, "awgn", snr_db) for snr_db in (0.0, 9.0, 30.0)]
    threshold = first.threshold_db(32, QPSK)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    no_simulation()
    again = BlockErrors(tmp_path)
    assert [again.choose(40, "awgn", snr_db) for snr_db in (0, 9, 30)] == chosen  # 40 uses take the rates of 32
    assert again.threshold_db(32, QPSK) == threshold
    packaged = BlockErrors(tmp_path / "empty", packaged=tmp_path)
    assert packaged.choose(32, "awgn", 9.0) == chosen[1]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_rate_depends_on_nothing_else_that_was_measured(tmp_path: Path) -> None:
    """A lower target needs more blocks, which go on from those of a higher one, and leave its rate as it was."""
    one, other = BlockErrors(tmp_path / "one"), BlockErrors(tmp_path / "other")
    before = torch.get_rng_state()
    rough = one.rate(32, "awgn", QPSK, 3.0, target=0.5)
    fine = one.rate(32, "awgn", QPSK, 3.0, target=0.04)
    other.rate(32, "awgn", mcs_named("16qam-1/2"), 3.0)
    assert other.rate(32, "awgn", QPSK, 3.0, target=0.04) == fine
    assert other.rate(32, "awgn", QPSK, 3.0, target=0.5) == rough
    assert torch.equal(torch.get_rng_state(), before)
    assert [row.n for row in one.rows("awgn")] == [row.n for row in other.rows("awgn")][:1]


def test_a_measurement_ends_when_it_is_clear_or_long_enough() -> None:
    clear = measure(32, "awgn", QPSK, 10.0, target=0.1)
    assert (clear.errors, clear.undetected, clear.chain) == ((0,), 0, CHAIN)
    lost = measure(32, "awgn", QPSK, -10.0, target=0.1)
    assert lost.errors == (100,)
    near = measure(32, "awgn", QPSK, 3.0, target=clear_target(32, 3.0))
    assert sum(near.errors) >= 100 or len(near.errors) * near.blocks == 2000


def clear_target(uses: int, snr_db: float) -> float:
    """A target that is next to the rate, so that no interval excludes it soon."""
    point = measure(uses, "awgn", QPSK, snr_db, target=0.001)
    return sum(point.errors) / (len(point.errors) * point.blocks)


def test_the_choice_grows_with_the_snr(tmp_path: Path) -> None:
    errors = BlockErrors(tmp_path)
    for channel in ("awgn", "rayleigh:coherence=8"):
        chosen = [errors.choose(48, channel, snr_db) for snr_db in range(-10, 31, 5)]
        places = [LADDER.index(mcs) for mcs in chosen]
        assert places == sorted(places)
        assert places[-1] > places[0]


def test_the_choice_is_the_fastest_that_is_good(tmp_path: Path) -> None:
    """Every rung is measured: the chosen one meets the target, and none above does."""
    errors = BlockErrors(tmp_path)
    for snr_db in (9.0, 15.0):
        chosen = errors.choose(24, "rayleigh:coherence=symbol", snr_db)
        rates = {mcs: errors.rate(24, "rayleigh:coherence=symbol", mcs, snr_db) for mcs in LADDER}
        good = [mcs for mcs in LADDER if rates[mcs] <= 0.1]
        assert chosen == good[-1]


def test_where_nothing_is_good_the_most_robust_that_carries_anything_is_chosen(tmp_path: Path) -> None:
    chosen = BlockErrors(tmp_path).choose(32, "awgn", -15.0)
    carrying = [mcs for mcs in LADDER if transport_for(mcs, 32).information_bits]
    assert chosen == carrying[0] != LADDER[0]
    assert BlockErrors(tmp_path).choose(2, "awgn", 30.0) == LADDER[0]


def test_thresholds_are_where_the_target_is_met(tmp_path: Path) -> None:
    errors = BlockErrors(tmp_path)
    threshold = errors.threshold_db(64, QPSK)
    assert errors.rate(64, "awgn", QPSK, threshold) <= 0.1 < errors.rate(64, "awgn", QPSK, threshold - 0.25)
    assert threshold == pytest.approx(2.25, abs=0.3)  # the best code of 64 bits needs about 0.9 dB
    assert errors.threshold_db(24, LADDER[0]) == math.inf
    assert errors.threshold_db(64, mcs_named("qpsk-1/3")) < threshold < errors.threshold_db(64, mcs_named("16qam-2/5"))


@given(some.integers(1, 1 << 20))
def test_rates_are_those_of_a_length_just_below(uses: int) -> None:
    length = measured_uses(uses)
    assert measured_uses(length) == length <= uses
    assert uses / length < (1.5 if uses < 1024 else 1.125)
    assert measured_uses(uses + 1) >= length


def test_few_lengths_are_measured() -> None:
    assert len({measured_uses(uses) for uses in range(17, 1025)}) == 13
    assert len({measured_uses(uses) for uses in range(1024, 2048)}) == 8


def test_several_writers_lose_nothing(tmp_path: Path) -> None:
    points = [0.5 * step for step in range(12)]

    def write(snr_db: float) -> float:
        return BlockErrors(tmp_path).rate(16, "awgn", mcs_named("qpsk-2/3"), snr_db)

    with ThreadPoolExecutor(4) as pool:
        rates = list(pool.map(write, points))
    rows = BlockErrors(tmp_path).rows("awgn")
    assert [row.snr_db for row in rows] == points
    assert [row.value for row in rows] == rates


def test_what_another_process_measured_in_the_meantime_is_taken(
    tmp_path: Path, no_simulation: Callable[[], None]
) -> None:
    errors, other = BlockErrors(tmp_path), BlockErrors(tmp_path)
    errors.rate(16, "awgn", mcs_named("qpsk-2/3"), 0.0)
    rate = other.rate(16, "awgn", mcs_named("qpsk-2/3"), 9.0)
    no_simulation()
    assert errors.rate(16, "awgn", mcs_named("qpsk-2/3"), 9.0) == rate


def test_what_is_written_while_the_table_is_tidied_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors, mcs = BlockErrors(tmp_path), mcs_named("qpsk-2/3")
    errors.rate(16, "awgn", mcs, 0.0)
    (path,) = tmp_path.iterdir()
    abandoned = tmp_path / f"{TEMPORARY}abcd1234-{path.name}"
    abandoned.write_text("of a process that was killed")
    with ThreadPoolExecutor(1) as pool:

        def replace_slowly(path: Path, content: str) -> None:
            others.append(pool.submit(BlockErrors(tmp_path).rate, 16, "awgn", mcs, 9.0))
            time.sleep(0.5)  # it has measured, and waits
            write_whole(path, content)

        others: list[Future[float]] = []
        monkeypatch.setattr(block_errors, "write_whole", replace_slowly)
        errors.tidy()
    others[0].result()
    assert [row.snr_db for row in BlockErrors(tmp_path).rows("awgn")] == [0.0, 9.0]
    assert list(tmp_path.iterdir()) == [path]


def test_a_short_write_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system may write only a part of what it is given."""
    write = FileIO.write
    monkeypatch.setattr(block_errors.os, "fdopen", lambda handle, *_, **__: ShortWriter(handle, "r+b"))
    monkeypatch.setattr(ShortWriter, "write", lambda file, data: write(file, data[:7]))
    errors, mcs = BlockErrors(tmp_path), mcs_named("qpsk-2/3")
    rates = [errors.rate(16, "awgn", mcs, snr_db) for snr_db in (0.0, 9.0)]
    assert [row.value for row in BlockErrors(tmp_path).rows("awgn")] == rates


def test_a_full_disk_leaves_the_table_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(file: FileIO, data: bytes) -> int:
        if file.seek(0, os.SEEK_END) > before:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:20])

    write, mcs = FileIO.write, mcs_named("qpsk-2/3")
    rate = BlockErrors(tmp_path).rate(16, "awgn", mcs, 0.0)
    (path,) = tmp_path.iterdir()
    before = path.stat().st_size
    with monkeypatch.context() as full:
        full.setattr(block_errors.os, "fdopen", lambda handle, *_, **__: ShortWriter(handle, "r+b"))
        full.setattr(ShortWriter, "write", fill)
        with pytest.raises(OSError, match="No space left"):
            BlockErrors(tmp_path).rate(16, "awgn", mcs, 9.0)
    assert path.stat().st_size == before
    assert [row.value for row in BlockErrors(tmp_path).rows("awgn")] == [rate]


def test_half_a_line_is_left_out_and_measured_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mcs = mcs_named("qpsk-2/3")
    rates = [BlockErrors(tmp_path).rate(16, "awgn", mcs, snr_db) for snr_db in (0.0, 9.0)]
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    errors = BlockErrors(tmp_path)
    assert [row.value for row in errors.rows("awgn")] == rates[:1]
    assert "the last line of" in caplog.text
    assert errors.rate(16, "awgn", mcs, 9.0) == rates[1]
    assert path.read_bytes() == whole


@pytest.mark.parametrize("damage", ["{", '{"chain": "1"}', "\x00\xff", '{"chain": 3}'])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    BlockErrors(tmp_path).rate(16, "awgn", mcs_named("qpsk-2/3"), 9.0)
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text() + damage + "\n", encoding="latin-1")
    with pytest.raises(ResultsError, match=r"Line 2 of .*awgn\.jsonl is not a measured block error rate; remove"):
        BlockErrors(tmp_path).choose(16, "awgn", 9.0)


def test_points_of_another_chain_are_left_alone_until_tidied(tmp_path: Path) -> None:
    errors, mcs = BlockErrors(tmp_path), mcs_named("qpsk-2/3")
    rate = errors.rate(16, "awgn", mcs, 9.0)
    (path,) = tmp_path.iterdir()
    line = path.read_text()
    old = json.dumps({**json.loads(line), "chain": "0", "errors": [100]}) + "\n"
    path.write_text(old + line + line)
    assert BlockErrors(tmp_path).rate(16, "awgn", mcs, 9.0) == rate
    BlockErrors(tmp_path).tidy()
    assert path.read_text() == line


def test_channels_have_one_name_each(tmp_path: Path, no_simulation: Callable[[], None]) -> None:
    errors, mcs = BlockErrors(tmp_path), mcs_named("qpsk-2/3")
    rate = errors.rate(16, "rayleigh", mcs, 20.0)
    no_simulation()
    assert errors.rate(16, "rayleigh:coherence=block,csi=perfect", mcs, 20.0) == rate


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="There is no channel"):
        BlockErrors(tmp_path).choose(16, "raleigh", 0.0)
    with pytest.raises(WrongField, match="target cannot be 0"):
        BlockErrors(tmp_path).choose(16, "awgn", 0.0, target=0)
    with pytest.raises(WrongField, match="target cannot be 1"):
        BlockErrors(tmp_path).threshold_db(16, QPSK, target=1)
