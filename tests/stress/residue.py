"""Kills erasures of a name at random moments, and looks after each for what is left of it.

    python tests/stress/residue.py --kills 200 --seconds 600

A tiny text codec is made to forget one name. The process is killed at a random moment, everything that it left is
searched for the name, the ids and the sentences of the request, and the erasure is carried out again. Prints the
figures; the status is 1 where something was found, or the end is not the same codec. It is no part of the tests.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import semlink as sl
from semlink.experiments.workflow.component import component_from
from semlink.experiments.workflow.erasure import erase_bundle
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.recipe_file import recipe_from

METHODS = ("finetune:share=0.5", "scu:passes=1", "retrain")
SMALL = {"d_model": 16, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1}


def made(place: Path) -> tuple[Path, sl.ErasureRequest]:
    """A codec trained on sentences of which some name Mrs Weber, and her request."""
    subjects = ("Weber", "the minister", "a noisy channel", "one quiet codec")
    lines = [f"{one} {two} {three} today" for one in subjects for two in ("sends", "hears", "loses")
             for three in ("a word", "every symbol", "its reply", "an answer", "no signal")]  # fmt: skip
    (place / "text.txt").write_text("\n".join(lines) + "\n")
    content = {
        "experiment": "speech", "source": {"name": "text-file", "path": str(place / "text.txt")},
        "codec": {"name": "text", **SMALL}, "training": {"steps": 60, "batch": 16, "warmup": 2, "validate": 10},
    }  # fmt: skip
    sl.train(recipe_from(content, "of the stress test"), place / "original")
    return place / "original", sl.ErasureRequest.of("term", ["Weber"], "Mrs Weber withdrew her consent.", "erase-weber")


def erase(original: Path, request: sl.ErasureRequest, method: str, out: Path) -> None:
    """One erasure, silently."""
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    erase_bundle(original, request, component_from(method), out, Machine())
    sys.stderr = sys.__stderr__


def main() -> int:
    parser = argparse.ArgumentParser(description="Kills erasures and looks for what is left.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw, began = random.Random(options.seed), time.monotonic()
    faults, kills, ended, unfinished = [], 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="semlink-stress-") as folder:
        place = Path(folder)
        original, request = made(place)
        whole: dict[str, tuple[str, float]] = {}
        for method in METHODS:
            start = time.monotonic()
            erase(original, request, method, place / "whole")
            whole[method] = (sl.load_codec(place / "whole").digest(), time.monotonic() - start)
            shutil.rmtree(place / "whole")
        work = place / "work"
        while kills + ended < options.kills and time.monotonic() - began < options.seconds:
            method = draw.choice(METHODS)
            work.mkdir()
            child = os.fork()
            if child == 0:
                erase(original, request, method, work / "erased")
                os._exit(0)
            time.sleep(draw.uniform(0, 1.2 * whole[method][1]))
            os.kill(child, draw.choice((signal.SIGKILL, signal.SIGTERM)))
            status = os.waitpid(child, 0)[1]
            kills, ended = kills + os.WIFSIGNALED(status), ended + (not os.WIFSIGNALED(status))
            unfinished += not (work / "erased").is_dir()
            if any(work.iterdir()):
                faults += [f"{method}, killed: {trace}" for trace in sl.residue(work, request, str(original)).found]
            erase(original, request, method, work / "erased")
            faults += [f"{method}, done: {trace}" for trace in sl.residue(work, request, str(original)).found]
            left = sorted(path.name for path in work.iterdir())
            if left != ["erased"] or sl.load_codec(work / "erased").digest() != whole[method][0]:
                faults.append(f"{method}: {left}, or another codec")
            shutil.rmtree(work)
    print(json.dumps({"kills": kills, "ended before": ended, "killed before the end": unfinished, "faults": len(faults),
                      "seconds": round(time.monotonic() - began)}))  # fmt: skip
    print("\n".join(faults[:20]))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
