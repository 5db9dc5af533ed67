"""A mistake in a command is told before torch is loaded, which takes seconds."""

import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from semlink.experiments.cli.app import EXAMPLES
from semlink.experiments.workflow.known_names import check_names

GOOD = '{"id": "a", "selection": {"by": "label", "values": ["7"]}, "reason": "r", "time": "2026-11-01"}'
WITHOUT_TORCH = """
import contextlib, io, runpy, shlex, sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "transformers", "sionna"):
            raise AssertionError(f"{name} was loaded")
sys.meta_path.insert(0, NoTorch())
from semlink.experiments.cli.app import main
for line in sys.stdin.read().splitlines():
    sys.argv = ["semlink", *shlex.split(line)]
    told, status = io.StringIO(), None
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as ended:
            status = ended.code
        except AssertionError as error:
            status = error
    print(status, told.getvalue().strip().replace(chr(10), " "), sep="|")
"""
MISTAKES = {
    "erase image-digits --request bad.json -o o": "is not JSON",
    "erase nosuch --request good.json -o o": "no folder or stored codec",
    "erase image-digits --request good.json --method nosuch -o o": 'no method "nosuch"',
    "erase image-digits --request good.json --method scu:rte=1 -o o": 'no field "rte". Did you mean "rate"?',
    "sweep nosuch -o o": "no folder or stored codec",
    "sweep digital:nosuch -o o": 'no compressor "nosuch"',
    "sweep image-digits --snr abc -o o": "is no range of Es/N0",
    "sweep image-digits --channel nosuch -o o": 'no channel "nosuch"',
    "sweep image-digits --channel rayleigh:cohernce=symbol -o o": 'Did you mean "coherence"?',
    "sweep image-digits --source nosuch -o o": 'no source "nosuch"',
    "sweep image-digits --request bad.json -o o": "is not JSON",
    "train nosuch -o o": "no recipe nosuch",
    "train wrong.yaml -o o": 'no source "nosuch"',
    "train quickstart-text --set training.stepz=3 -o o": 'Did you mean "steps"?',
    "train quickstart-text --set sweep.snr_db=abc -o o": "is no range of Es/N0",
    "train quickstart-text --set erasure.method=nosuch -o o": 'no method "nosuch"',
    "audit image-digits a b --request good.json -o o": "no folder or stored codec",
    "audit image-digits image-digits image-digits --request good.json --audit nosuch -o o": 'no audit "nosuch"',
    "sweep image-digits -o good.json": "good.json is a file",
    "sweep bound:nosuch,steps=x -o o --snr abc": "is no range of Es/N0",
    "run quickstart-text --seeds '' -o o": "are no seeds",
    "run nosuch": "no recipe nosuch",
    "records nosuch": "or name a source",
    "verify nosuch": "no folder or stored codec",
    "export nosuch -o o": "no folder or stored codec",
    "proof nosuch -o p.html": "no folder or stored codec",
    "share nosuch -o o": "no folder or stored codec",
    "report nosuch": "There is no folder nosuch",
    "swep image-digits -o o": "No such command",
    "sweep image-digits -o o --snrr 3": "No such option",
}


def test_a_mistake_is_told_before_torch_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(GOOD)
    (tmp_path / "bad.json").write_text('{"id": "a"')
    (tmp_path / "wrong.yaml").write_text("experiment: a\nsource: nosuch\ncodec: text\n")
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH], input="\n".join(MISTAKES), capture_output=True, text=True, cwd=tmp_path
    )
    lines = ended.stdout.splitlines()
    assert len(lines) == len(MISTAKES), ended.stderr
    for (command, words), line in zip(MISTAKES.items(), lines, strict=True):
        status, _, told = line.partition("|")
        assert status == "2", (command, line)
        assert told.startswith("Error: "), command
        assert words in told, command
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_and_version_end_well(option: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "semlink", option], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "semlink" in ended.stdout


def test_examples_of_the_help_name_what_exists() -> None:
    """A misspelt name is an UnknownName."""
    kinds = {"--audit": "audit", "--method": "method", "--channel": "channel", "--source": "source"}
    named = [
        (kinds[option], value)
        for example in EXAMPLES.values()
        for option, value in pairwise(shlex.split(example))
        if option in kinds
    ]
    assert {kind for kind, _ in named} == {*kinds.values()}
    for kind, value in named:
        check_names(kind, [value])
