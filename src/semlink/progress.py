"""Progress of long work: a line that rewrites itself on a terminal, plain lines elsewhere, none with SEMLINK_QUIET."""

import os
import sys
import time
from typing import Self, TextIO

QUIET = "SEMLINK_QUIET"  # in the environment, so that worker processes have it too
FIRST = 1.0  # seconds until the first estimate


class Progress:
    """Counts steps of a known number and shows how many are done and the time left.

    A line comes at once, the first estimate after a second, and further ones every `interval` seconds.

    Use it as a context manager: `with Progress("train text", total=900) as progress: progress.step("loss 1.2")`.
    `start` is where resumed work begins. Output goes to the standard error stream.
    """

    def __init__(self, label: str, total: int, start: int = 0, interval: float | None = None) -> None:
        self.label, self.total, self.done, self.start = label, total, start, start
        self.stream: TextIO = sys.stderr
        self.live = self.stream.isatty()
        self.interval = interval if interval is not None else (0.2 if self.live else 15.0)
        self.began = time.monotonic()
        self.due = self.began + min(FIRST, self.interval)

    def __enter__(self) -> Self:
        self._show("started")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._show(f"done in {time.monotonic() - self.began:.0f} s")
        if self.live and not is_quiet():
            self.stream.write("\n")
            self.stream.flush()

    def step(self, note: str = "", count: int = 1) -> None:
        """Counts `count` more steps; `note` is shown beside them."""
        self.done += count
        now = time.monotonic()
        if now >= self.due and self.done > self.start:
            self.due = now + self.interval
            left = (now - self.began) / (self.done - self.start) * (self.total - self.done)
            self._show(", ".join(filter(None, (note, f"about {left:.0f} s left"))))

    def skip(self, count: int) -> None:
        """Counts steps that were done in an earlier run: they take no time, and say nothing of the time left."""
        self.start += count
        self.done += count

    def _show(self, note: str) -> None:
        if is_quiet():
            return
        text = f"{self.label}: {self.done}/{self.total}, {note}"
        self.stream.write(f"\r\x1b[K{text}" if self.live else f"{text}\n")
        self.stream.flush()


def tell(sentence: str) -> None:
    """Shows one line beside the progress of long work. Nothing is written for ""."""
    if sentence and not is_quiet():
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()


def tell_loading() -> None:
    """Says that the libraries are loaded, which takes seconds; called where a command begins to work."""
    if "torch" not in sys.modules:
        tell("Loading torch and the codecs; a few seconds.")


def is_quiet() -> bool:
    """Whether no progress is shown."""
    return bool(os.environ.get(QUIET))
