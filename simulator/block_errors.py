"""Measured block error rates of the classical chain, from which a sender picks modulation and code rate."""

import contextlib
import logging
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import ClassVar

import torch
from pydantic import ConfigDict, TypeAdapter, ValidationError

from semlink.channels import build_channel, channel_name
from semlink.channels.contract import Frame
from semlink.codecs.digital.modulation_and_coding import LADDER, Mcs
from semlink.codecs.digital.transport import CHAIN, transport_for
from semlink.errors import ResultsError, WrongField
from semlink.files import content_of, json_text, remove_temporary, write_whole
from semlink.seeding import generator_for
from semlink.simulator.capacity import usable_snr
from semlink.simulator.intervals import rate_interval
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.results import Row
from semlink.untrusted import read_bytes
from semlink.version import __version__

TABLE_MOST = 64 << 20  # bytes

try:
    import fcntl
except ImportError:  # not on Windows, where one process at a time should measure
    fcntl = None  # type: ignore[assignment]

AWGN = "awgn"
ERRORS, BLOCKS = 100, 2000  # a rate is known well enough after so many of either
FEWEST, USES = 100, 1 << 23  # long blocks are fewer: so many channel uses together, but at least so many blocks
BATCH, BATCH_USES = 100, 1 << 17
STEP_DB, SEARCHED_DB = 0.25, (-20.0, 40.0)  # of thresholds
GUESS = 0.8  # of the capacity is what a code of practical length carries
DRAWS, DRAWN_USES = 200, 256  # fades that a guess rests on
MEASURES = by_name(
    Measure("block_error_rate", "1", "lower", "Block error rate", "block error rate", scale="log", interval="rate"),
)


@dataclass(frozen=True)
class MeasuredPoint:
    """The block errors of one modulation and code rate at one Es/N0.

    chain:      version of the classical chain.
    uses:       channel uses of a block. mcs: name of the modulation and code rate. snr_db: Es/N0 in dB.
    blocks:     number of blocks in a batch.
    errors:     number of blocks of each batch, in order, that did not arrive as they were sent.
    undetected: number of these that the receiver took for correct.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    chain: str
    channel: str
    uses: int
    mcs: str
    snr_db: float
    blocks: int
    errors: tuple[int, ...]
    undetected: int

    @property
    def key(self) -> tuple[str, int, str, float]:
        """What was measured."""
        return (self.channel, self.uses, self.mcs, self.snr_db)


class BlockErrors:
    """Block error rates over any channel: looked up where they were measured before, measured where not.

    A block is a transport block of random bits, and an error is a block that does not arrive as it was sent. Each batch
    has its own generator, and the same fades and noise for every modulation and Es/N0. A rate therefore depends neither
    on what else was measured nor on the process that measured it. The measurement of a point stops when its 95 %
    interval (Wilson) is on one side of the target, or after 100 errors or 2000 blocks, fewer where blocks are long.

    Lengths: not every number of channel uses is measured. A block takes the rates of the next shorter length that is:
    two lengths in each octave up to 1024 uses, eight above. Up to 1024 uses that is on the safe side, since shorter
    codes are worse. Above, blocks may consist of several words, and it is off by less than an eighth of the words.

    Fields: folder: where measured points are kept, a file of JSON lines for each channel. Several processes may write
            to it: a point is appended as a whole or not at all.
            packaged: a folder of more such files, which are only read.
    """

    def __init__(self, folder: Path, packaged: Path | None = None) -> None:
        self.folder, self.packaged = folder, packaged
        self._points: dict[tuple[str, int, str, float], MeasuredPoint] = {}
        self._sizes: dict[Path, int] = {}  # of files when they were read
        self._chosen: dict[tuple[int, str, float, float], Mcs] = {}
        self._thresholds: dict[tuple[int, Mcs, float], float] = {}

    def choose(self, uses: int, channel: str, snr_db: float, target: float = 0.1) -> Mcs:
        """The modulation and code rate that carries most, of those with a block error rate of at most `target`.

        Where none meets the target, the most robust one that carries anything. The default is the target of link
        adaptation in 5G. The search begins at a guess from the fades of the channel. It goes up to the second failure
        in a row (the rates of neighbours may cross), or down to the first success where the guess fails.

        In:     uses: channel uses of a block. channel: its name, of a registered channel. snr_db: Es/N0 in dB.
        Errors: UnknownName, WrongField; ResultsError when a stored file is damaged.
        Source: 3GPP TS 38.214, section 5.2.2.1.
        """
        _check_target(target)
        channel = _canonical(channel)
        key = (measured_uses(uses), channel, float(snr_db), target)
        if key not in self._chosen:
            self._chosen[key] = self._search(*key)
        return self._chosen[key]

    def threshold_db(self, uses: int, mcs: Mcs, target: float = 0.1) -> float:
        """The lowest Es/N0 in dB, in steps of 0.25 dB, from which blocks over AWGN meet the target; inf if none does.

        inf also where blocks of so few uses carry nothing. Errors: ResultsError.
        """
        _check_target(target)
        key = (measured_uses(uses), mcs, target)
        if key not in self._thresholds:
            self._thresholds[key] = self._bisect(*key)
        return self._thresholds[key]

    def rate(self, uses: int, channel: str, mcs: Mcs, snr_db: float, target: float = 0.1) -> float:
        """The block error rate, as exactly as it takes to compare it with the target. 1 where blocks carry nothing.

        Errors: UnknownName, WrongField; ResultsError.
        """
        uses = measured_uses(uses)
        if not transport_for(mcs, uses).information_bits:
            return 1.0
        key = (_canonical(channel), uses, mcs.name, float(snr_db))
        point = self._known(key)
        if point is None or _decided(point, target) is None:
            point = measure(uses, key[0], mcs, key[3], target, point)
            self._keep(point)
        batches = _decided(point, target)  # perhaps fewer than were measured for another target
        return sum(point.errors[:batches]) / sum(point.blocks for _ in point.errors[:batches])

    def rows(self, channel: str, version: str = "") -> list[Row]:
        """All that is known of a channel as result rows, the channel uses of a block as the set.

        In:     version: the label of the rows.
        Errors: UnknownName, WrongField; ResultsError.
        """
        channel = _canonical(channel)
        self._read(channel)
        order = {mcs.name: place for place, mcs in enumerate(LADDER)}
        points = [point for point in self._points.values() if point.channel == channel and point.mcs in order]
        points.sort(key=lambda point: (point.uses, order[point.mcs], point.snr_db))
        return [_row(point, version) for point in points]

    def tidy(self) -> None:
        """Rewrites every file of the folder: sorted, each point once, without points of other versions of the chain.

        Other processes may write to it meanwhile. Errors: ResultsError.
        """
        for path in sorted(path for path in content_of(self.folder) if path.suffix == ".jsonl"):
            with _open_locked(path):
                remove_temporary(self.folder, path.name.__eq__)
                known: dict[tuple[str, int, str, float], MeasuredPoint] = {}
                for point in _read_points(path):
                    _take(known, point)
                write_whole(path, "".join(_line(known[key]) for key in sorted(known)))

    def _search(self, uses: int, channel: str, snr_db: float, target: float) -> Mcs:
        rungs = [mcs for mcs in LADDER if transport_for(mcs, uses).information_bits]
        if not rungs:
            return LADDER[0]
        expected = GUESS * _outage_capacity(channel, snr_db, min(uses, DRAWN_USES), target)
        start = max((place for place, mcs in enumerate(rungs) if mcs.efficiency <= expected), default=0)

        def good(place: int) -> bool:
            return self.rate(uses, channel, rungs[place], snr_db, target) <= target

        best = next((place for place in range(start, -1, -1) if good(place)), -1)
        if best == start:
            place = start + 1
            while place < len(rungs) and place <= best + 2:
                best = place if good(place) else best
                place += 1
        return rungs[max(best, 0)]

    def _bisect(self, uses: int, mcs: Mcs, target: float) -> float:
        if not transport_for(mcs, uses).information_bits:
            return math.inf
        expected = 10 * math.log10(2 ** (mcs.efficiency / GUESS) - 1)
        bottom, top = (round(limit / STEP_DB) for limit in SEARCHED_DB)

        def good(step: int) -> bool:
            return self.rate(uses, AWGN, mcs, step * STEP_DB, target) <= target

        low = high = min(max(round(expected / STEP_DB), bottom), top)
        stride = 4
        while good(low) and low > bottom:
            high, low = low, max(bottom, low - stride)
        while not good(high):
            if high == top:
                return math.inf
            low, high = high, min(top, high + stride)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if good(middle) else (middle, high)
        return high * STEP_DB

    def _known(self, key: tuple[str, int, str, float]) -> MeasuredPoint | None:
        if key not in self._points:
            self._read(key[0])
        return self._points.get(key)

    def _read(self, channel: str) -> None:
        """Reads the files of a channel that have grown since they were last read."""
        for folder in filter(None, (self.packaged, self.folder)):
            path = folder / _file_name(channel)
            size = path.stat().st_size if path.exists() else 0
            if size != self._sizes.get(path, 0):
                for point in _read_points(path):
                    _take(self._points, point)
                self._sizes[path] = size

    def _keep(self, point: MeasuredPoint) -> None:
        _take(self._points, point)
        self.folder.mkdir(parents=True, exist_ok=True)
        _append(self.folder / _file_name(point.channel), _line(point).encode())


def measured_uses(uses: int) -> int:
    """The number of channel uses whose rates stand for those of blocks of `uses`: the largest measured one below.

    All numbers up to 16 are measured, then 16, 24, 32, 48 and so on up to 1024, then eight in each octave.
    """
    if uses <= 16:
        return uses
    octave = 1 << (uses.bit_length() - 1)
    step = octave // (2 if uses < 1024 else 8)
    return uses // step * step


@torch.no_grad()
def measure(
    uses: int, channel: str, mcs: Mcs, snr_db: float, target: float, begun: MeasuredPoint | None = None
) -> MeasuredPoint:
    """Simulates blocks of `uses` channel uses until their error rate can be compared with the target.

    In:     begun: a point of fewer batches, to go on from.
    Errors: UnknownName, WrongField.
    """
    link, block = build_channel(channel), transport_for(mcs, uses)
    batch = max(4, min(BATCH, BATCH_USES // uses))
    point = begun or MeasuredPoint(CHAIN, channel, uses, mcs.name, snr_db, batch, (), 0)
    mask = torch.ones(batch, uses, dtype=torch.bool)
    while _decided(point, target) is None:
        number = len(point.errors)
        shape, about = (batch, block.information_bits), ("block errors", uses, number)
        bits = torch.randint(2, shape, dtype=torch.uint8, generator=generator_for(*about, mcs.name))
        # Neither modulation nor Es/N0 is a key: all meet the same fades and noise.
        reception = link(Frame(block.send(bits), mask), snr_db, generator_for(*about, channel))
        received, arrived = block.receive(reception)
        wrong = (received != bits).any(dim=1)
        errors = (*point.errors, int((wrong | ~arrived).sum()))
        undetected = point.undetected + int((wrong & arrived).sum())
        point = MeasuredPoint(CHAIN, channel, uses, mcs.name, snr_db, batch, errors, undetected)
    return point


def _decided(point: MeasuredPoint, target: float) -> int | None:
    """After how many batches the measurement for a target ends; None where more are needed."""
    most = max(FEWEST, min(BLOCKS, USES // point.uses))
    errors = blocks = 0
    for number, batch_errors in enumerate(point.errors, start=1):
        errors, blocks = errors + batch_errors, blocks + point.blocks
        interval = rate_interval(errors / blocks, blocks)
        if errors >= ERRORS or blocks >= most or interval.high <= target or interval.low > target:
            return number
    return None


@lru_cache(maxsize=1024)
@torch.no_grad()
def _outage_capacity(channel: str, snr_db: float, uses: int, target: float) -> float:
    """The bits per channel use that all but a share `target` of the blocks could carry with the best code."""
    shape = (DRAWS, uses)
    frame = Frame(torch.ones(shape, dtype=torch.complex64), torch.ones(shape, dtype=torch.bool))
    reception = build_channel(channel)(frame, snr_db, generator_for("guess", channel))
    capacity = torch.log2(1 + usable_snr(reception)).mean(dim=1)
    return float(capacity.quantile(target))


@lru_cache(maxsize=256)
def _canonical(channel: str) -> str:
    """`channel_name` with a cache, since it builds the channel."""
    return channel_name(channel)


def _check_target(target: float) -> None:
    if not 0 < target < 1:
        raise WrongField(f"target cannot be {target}; give a block error rate between 0 and 1.")


def _take(points: dict[tuple[str, int, str, float], MeasuredPoint], point: MeasuredPoint) -> None:
    """Keeps of two measurements of a point the longer one, which begins with the other."""
    if point.chain == CHAIN and (point.key not in points or len(points[point.key].errors) < len(point.errors)):
        points[point.key] = point


def _file_name(channel: str) -> str:
    return re.sub(r"[^A-Za-z0-9.=-]+", "_", channel) + ".jsonl"


def _line(point: MeasuredPoint) -> str:
    return json_text(vars(point)) + "\n"


def _append(path: Path, line: bytes) -> None:
    """Appends a line, as a whole or not at all; cuts off what is left of a line that was not written to its end."""
    with _open_locked(path) as file:
        end = file.read().rfind(b"\n") + 1
        try:
            file.truncate(end)
            written = 0
            while written < len(line):  # one call may write a part only
                written += file.write(line[written:])
        except BaseException:
            file.truncate(end)
            raise


def _open_locked(path: Path) -> FileIO:
    """A file of the table, to append to, made where it is not there. Until it is closed, no other process has it so."""
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644), "r+b", buffering=0)
        if fcntl is None:
            return file
        fcntl.flock(file, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                return file
        file.close()  # another process put a tidied file in its place


def _read_points(path: Path) -> Iterator[MeasuredPoint]:
    adapter = TypeAdapter(MeasuredPoint)
    lines = read_bytes(path, TABLE_MOST, growing=True).decode(errors="replace").split("\n")
    if lines.pop():
        logging.getLogger(__name__).warning("the last line of %s is not complete and is left out", path)
    for number, line in enumerate(lines, start=1):
        try:
            yield adapter.validate_json(line)
        except ValidationError as error:
            raise ResultsError(
                f"Line {number} of {path} is not a measured block error rate; remove the line or the file, and what is "
                "missing is measured again."
            ) from error


def _row(point: MeasuredPoint, version: str) -> Row:
    blocks = point.blocks * len(point.errors)
    interval = rate_interval(sum(point.errors) / blocks, blocks)
    return Row(
        experiment="block-errors", codec=point.mcs, version=version, method="none", channel=point.channel,
        snr_db=point.snr_db, set=f"{point.uses} uses", metric="block_error_rate", value=interval.value,
        low=interval.low, high=interval.high, confidence=interval.confidence, n=blocks, unit="1", seed=0,
        code_version=__version__,
    )  # fmt: skip
