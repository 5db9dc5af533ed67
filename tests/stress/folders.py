"""Stress of the folders that commands make: kills at random moments, and two commands at once in one folder.

    python tests/stress/folders.py --kills 300 --pairs 50 --seconds 900

Every command is a process of its own, forked from this one, which has loaded all libraries. A command is killed (KILL,
TERM, INT or HUP), sometimes twice, then run to its end: its weights or rows have to be those of a run that nobody
killed, and beside them nothing may be left: no temporary name, checkpoint, file of codes or lock. Of two commands in
one folder one wins, or both say the same; the folder holds what one of them makes alone. Prints figures; status 1 with
a line for each fault.
"""

import argparse
import collections
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import torch

from semlink.experiments.cli.app import main as command_line
from semlink.experiments.report import page  # noqa: F401 (what the commands load)
from semlink.experiments.workflow import auditing, erasure, experiment, sweeping, training  # noqa: F401
from semlink.simulator import kept_statistics
from semlink.simulator.sources import build_source

STOPS = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129}
SMALL = "{name: image, d_model: 16, heads: 2, feed_forward: 32, encoder_layers: 1, decoder_layers: 1}"
QUICK = ["training.steps=30", "training.batch=16", "training.warmup=2", "training.validate=5"]
SECRET = ["codec={name: task, encoder: mlp, hidden: 16}", "training.mnemonic=0.3", "training.codes=secret"]
SEVENS = {"id": "sevens", "time": "2026-03-01", "reason": "A test.", "selection": {"by": "label", "values": [7]}}


@dataclass(frozen=True)
class Work:
    """A command without its --out, and what tells whether its results are the same: a file, or None where they vary."""

    arguments: tuple[str, ...]
    result: str | None = "model.safetensors"


def works(place: Path) -> dict[str, Work]:
    """The commands, and how they are called here. Trains the codec that some need."""
    (place / "request.json").write_text(json.dumps(SEVENS))
    request = ("--request", str(place / "request.json"))
    settings = [argument for setting in [f"codec={SMALL}", *QUICK] for argument in ("--set", setting)]
    secret = [argument for setting in [*SECRET, *QUICK] for argument in ("--set", setting)]
    base = str(place / "base")
    train = ("train", "quickstart-digits", *settings)
    run_to_end((*train, "--out", base))
    return {
        "train": Work(train),
        "train with secret codes": Work(("train", "quickstart-digits", *secret), None),
        "erase by finetune": Work(("erase", "image-digits", *request, "--method", "finetune:share=0.01")),
        "erase by retrain": Work(("erase", base, *request, "--method", "retrain")),
        "sweep": Work(
            ("sweep", "image-digits", base, "--snr", "0:9:3", "--set", "records=40", "--workers", "1"), "results.jsonl"
        ),
    }


def start(arguments: Sequence[str], log: Path) -> int:
    """Starts a command as a child of this process, and returns the number of its process."""
    child = os.fork()
    if child:
        return child
    _be(arguments, log)


def _be(arguments: Sequence[str], log: Path) -> NoReturn:
    status = 70  # a traceback
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        sys.argv = ["semlink", *arguments]
        try:
            command_line()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 70
        sys.stdout.flush()
    finally:
        os._exit(status)


def ended(child: int) -> int:
    """Waits for a child; its status, or minus the number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_to_end(arguments: Sequence[str]) -> float:
    """Runs a command that has to succeed; the seconds that it took. Errors: SystemExit."""
    with tempfile.TemporaryDirectory() as folder:
        began, log = time.monotonic(), Path(folder, "log")
        if ended(start(arguments, log)):
            raise SystemExit(f"semlink {' '.join(arguments)} fails: {log.read_text()}")
        return time.monotonic() - began


def digest_of(out: Path, work: Work) -> str:
    """What the results of a work are known by."""
    if work.result is None:
        return "any"
    file = out / work.result
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "nothing"


def left_beside(out: Path) -> list[str]:
    """What should not be there once a command has ended well: all beside its folder, and what is unfinished in it."""
    beside = [path.name for path in out.parent.iterdir() if path != out]
    inside = [str(path.relative_to(out)) for path in out.rglob(".*") if path.name != ".parts"]
    return beside + inside + [str(path.relative_to(out)) for path in out.rglob("*.unfinished")]


def kill_once(work: Work, place: Path, seconds: float, dice: random.Random) -> tuple[str, list[str]]:
    """Starts a command, ends it at a random moment; how it ended, and the faults of that."""
    child = start((*work.arguments, "--out", str(place / "out")), place.parent / "log")
    time.sleep(dice.uniform(0.0, 1.05 * seconds))
    number = dice.choices(list(STOPS), weights=(5, 3, 1, 1))[0]
    os.kill(child, number)
    began = time.monotonic()
    status = ended(child)
    faults = [f"took {time.monotonic() - began:.1f} s to end"] if time.monotonic() - began > 10 else []
    if status == 0:
        return "done before", faults
    # Before the program has set its handlers, a signal ends it as the system does.
    if status not in (STOPS[number], -number):
        faults.append(f"ended with {status} after {number.name}: {(place.parent / 'log').read_text()[-300:]}")
    return number.name, faults


def kills(count: int, chosen: dict[str, Work], references: dict[str, tuple[str, float]], until: float,
          dice: random.Random) -> list[str]:  # fmt: skip
    """Kills commands until so many were killed; prints figures, returns the faults."""
    faults: list[str] = []
    counts: collections.Counter[str] = collections.Counter()
    done = 0
    names = list(chosen)
    while done < count and time.monotonic() < until:
        name = dice.choices(names, weights=[1, 1, 4, 3, 1])[0]
        work, (reference, seconds) = chosen[name], references[name]
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "place")
            place.mkdir()
            killed = 0
            for _ in range(dice.choice((1, 1, 2))):
                how, wrong = kill_once(work, place, seconds, dice)
                faults += [f"{name}: {fault}" for fault in wrong]
                counts[how] += 1
                killed += how != "done before"
            litter = bool(left_beside(place / "out")) if killed else False
            counts["left something until the next start"] += litter
            log = Path(folder, "log")
            status = ended(start((*work.arguments, "--out", str(place / "out")), log))
            if status:
                faults.append(f"{name}: goes on with status {status}: {log.read_text()[-300:]}")
            elif digest_of(place / "out", work) != reference:
                faults.append(f"{name}: other results after a kill")
            elif left_beside(place / "out"):
                faults.append(f"{name}: left {left_beside(place / 'out')}")
            counts[f"kills of {name}"] += killed
            done += killed
    print(f"kills: {done} of {count} asked for; {dict(counts)}; faults: {len(faults)}", flush=True)
    return faults


def pairs(count: int, chosen: dict[str, Work], references: dict[str, tuple[str, float]], until: float,
          dice: random.Random) -> list[str]:  # fmt: skip
    """Starts two commands in one folder, so many times; prints figures, returns the faults."""
    faults: list[str] = []
    counts: collections.Counter[str] = collections.Counter()
    done = 0
    while done < count and time.monotonic() < until:
        names = [dice.choice([name for name in chosen if chosen[name].result]) for _ in range(2)]
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "place")
            place.mkdir()
            out, logs = place / "out", [Path(folder, f"log-{number}") for number in range(2)]
            children = []
            for number, name in enumerate(names):
                children.append(start((*chosen[name].arguments, "--out", str(out)), logs[number]))
                if number == 0 and dice.random() < 0.7:  # the others start together
                    time.sleep(dice.uniform(0.0, references[name][1]))
            states = [ended(child) for child in children]
            texts = [log.read_text() for log in logs]
            winners = [name for name, status in zip(names, states, strict=True) if status == 0]
            told = [text for text, status in zip(texts, states, strict=True) if status]
            refused = [text for text in told if "Another semlink process" in text]
            counts[
                "both end well" if len(winners) == 2 else "one is told of the other" if refused else "one is refused"
            ] += 1
            if not winners or len(told) != len([state for state in states if state == 2]):
                faults.append(f"{names}: {states}: {[text[-300:] for text in texts]}")
            elif len(set(winners)) == 2 or any(
                len(text.strip().splitlines()) > 1 and "Traceback" in text for text in told
            ):
                faults.append(f"{names}: both say that they made the folder, or one fails")
            elif digest_of(out, chosen[winners[0]]) != references[winners[0]][0]:
                faults.append(f"{names}: results are mixed")
            elif left_beside(out):
                faults.append(f"{names}: left {left_beside(out)}")
        done += 1
    print(f"pairs: {done} of {count} asked for; {dict(counts)}; faults: {len(faults)}", flush=True)
    return faults


def main() -> int:
    """The command line of this file."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--kills", type=int, default=300)
    options.add_argument("--pairs", type=int, default=50)
    options.add_argument("--seconds", type=float, default=900.0, help="at most, for each of the two")
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    torch.set_num_threads(1)
    build_source("digits", {}, None)
    kept_statistics.KEPT_EVERY = 0.02  # so that short sweeps leave what long ones do
    dice = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        chosen = works(Path(folder))
        references: dict[str, tuple[str, float]] = {}
        for name, work in chosen.items():
            out = Path(folder, "reference", name, "out")
            seconds = run_to_end((*work.arguments, "--out", str(out)))
            references[name] = digest_of(out, work), seconds
            print(f"{name}: {seconds:.1f} s alone", flush=True)
        faults = kills(given.kills, chosen, references, time.monotonic() + given.seconds, dice)
        faults += pairs(given.pairs, chosen, references, time.monotonic() + given.seconds, dice)
    for fault in faults:
        print(f"FAULT {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
