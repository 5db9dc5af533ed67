"""Tiny stored codecs, trained once, and the command line as a function."""

import contextlib
import io
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import yaml

from semlink.experiments.cli import app as cli

SMALL = {"d_model": 16, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1}
QUICK = {"steps": 8, "batch": 16, "warmup": 2, "validate": 4}
SWEEP = {"channels": ["awgn"], "snr_db": "0:6:6", "records": 12, "draws": 1}
SEVENS = {"id": "sevens", "time": "2026-03-01", "reason": "A test.", "selection": {"by": "label", "values": [7]}}


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


def run_command(*arguments: object) -> Ended:
    """The command line in this process, as if from a shell."""
    out, err = io.StringIO(), io.StringIO()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["semlink", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as end:
            status = end.code
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            torch.set_num_threads(threads)
    assert isinstance(status, int)
    return Ended(status, out.getvalue(), err.getvalue())


def _contents(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder byte for byte, and its folders."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def _sentences() -> str:
    """Sixty sentences of five to eight words; some name the fox."""
    subjects, verbs = ("the fox", "a receiver", "the noisy channel", "one codec"), ("sends", "hears", "loses")
    objects = ("a word", "every symbol", "the old sentence", "two quiet pilots", "its reply")
    return "\n".join(f"{one} {two} {three}" for one in subjects for two in verbs for three in objects) + "\n"


@pytest.fixture(scope="session")
def semlink() -> Callable[..., Ended]:
    """`semlink("train", recipe, "--out", folder)` runs that command."""
    return run_command


@pytest.fixture(scope="session")
def shelf(tmp_path_factory) -> Path:
    """A folder that no test changes: recipes, requests, and the codecs `image`, `erased`, `retrained`, `text`."""
    shelf = tmp_path_factory.mktemp("shelf")
    (shelf / "sentences.txt").write_text(_sentences())
    erasure = {"request": SEVENS, "method": {"name": "finetune", "share": 0.25}}
    image = {"experiment": "tiny-image", "source": "digits", "codec": {"name": "image", **SMALL}}
    source = {"name": "text-file", "path": str(shelf / "sentences.txt")}
    text = {"experiment": "tiny-text", "source": source, "codec": {"name": "text", **SMALL, "symbols_per_token": 3}}
    for name, recipe in (("image", {**image, "erasure": erasure}), ("text", text)):
        (shelf / f"{name}.yaml").write_text(yaml.safe_dump({**recipe, "training": QUICK, "sweep": SWEEP}))
    selections = {
        "sevens": SEVENS["selection"],
        "fox": {"by": "term", "values": ["fox"]},
        "nobody": {"by": "owner", "values": ["nobody"]},
        "everybody": {"by": "owner", "values": [f"form-{number:02d}" for number in range(1, 15)]},
        "nothing": {"by": "label", "values": []},
    }
    for name, selection in selections.items():
        (shelf / f"{name}.json").write_text(json.dumps({**SEVENS, "selection": selection}))
    (shelf / "broken.json").write_text('{"id": "sevens", ')
    for recipe in ("image", "text"):
        assert run_command("train", shelf / f"{recipe}.yaml", "--out", shelf / recipe).status == 0
    for name, method in (("erased", "finetune:share=0.25"), ("retrained", "retrain")):
        arguments = ("--request", shelf / "sevens.json", "--method", method, "--out", shelf / name)
        assert run_command("erase", shelf / "image", *arguments).status == 0
    return shelf


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes | None]]:
    """`contents(folder)` tells every file below a folder byte for byte, and its folders."""
    return _contents
