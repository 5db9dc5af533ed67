"""Progress of long work: a line that rewrites itself on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Self, TextIO


class Progress:
    """Counts steps of a known number and shows, at most every `interval` seconds, how many are done and the time left.

    Use it as a context manager: `with Progress("train text", total=900) as progress: progress.step("loss 1.2")`.
    `start` is where resumed work begins. Output goes to the standard error stream.
    """

    def __init__(self, label: str, total: int, start: int = 0, interval: float | None = None) -> None:
        self.label, self.total, self.done, self.start = label, total, start, start
        self.stream: TextIO = sys.stderr
        self.live = self.stream.isatty()
        self.interval = interval if interval is not None else (0.2 if self.live else 15.0)
        self.began = self.shown = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._show(f"done in {time.monotonic() - self.began:.0f} s")
        if self.live:
            self.stream.write("\n")
            self.stream.flush()

    def step(self, note: str = "", count: int = 1) -> None:
        """Counts `count` more steps; `note` is shown beside them."""
        self.done += count
        now = time.monotonic()
        if now - self.shown >= self.interval and self.done > self.start:
            left = (now - self.began) / (self.done - self.start) * (self.total - self.done)
            self._show(", ".join(filter(None, (note, f"about {left:.0f} s left"))))

    def skip(self, count: int) -> None:
        """Counts steps that were done in an earlier run: they take no time, and say nothing of the time left."""
        self.start += count
        self.done += count

    def _show(self, note: str) -> None:
        self.shown = time.monotonic()
        text = f"{self.label}: {self.done}/{self.total}, {note}"
        self.stream.write(f"\r\x1b[K{text}" if self.live else f"{text}\n")
        self.stream.flush()


def tell(sentence: str) -> None:
    """Shows one line beside the progress of long work. Nothing is written for ""."""
    if sentence:
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()
