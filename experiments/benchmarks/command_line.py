"""How long the command line takes to answer: `python experiments/benchmarks/command_line.py`.

Wall-clock time until a command has ended, or until its first line of progress; medians over several starts.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STARTS = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        request, out = Path(folder) / "request.json", Path(folder) / "out"
        request.write_text('{"id": ')
        ended = {
            "--help": ["--help"],
            "list channels": ["list", "channels"],
            "a malformed request": ["erase", "image-digits", "--request", str(request), "--out", str(out)],
        }
        for name, words in ended.items():
            print(f"{name:28s} {statistics.median(_until_end(words) for _ in range(STARTS)):.2f} s")
        for name, words in {
            "first line of train": ["train", "quickstart-digits", "--out", str(out)],
            "first line of sweep": ["sweep", "image-digits", "--out", str(out)],
            "first line of quickstart": ["quickstart", "--out", str(out)],
        }.items():
            print(f"{name:28s} {statistics.median(_until_line(words) for _ in range(STARTS)):.2f} s")


def _until_end(words: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "semlink", *words], capture_output=True, check=False)
    return time.perf_counter() - began


def _until_line(words: list[str]) -> float:
    """Until the command writes a line to stderr; then it is stopped."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "semlink", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        seconds = time.perf_counter() - began
        process.terminate()
    return seconds


if __name__ == "__main__":
    main()
