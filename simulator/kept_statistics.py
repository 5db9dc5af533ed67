"""What a sweep has measured so far, on disk, so that a stopped one goes on where it was."""

import contextlib
import io
import shutil
import time
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from semlink.files import write_whole
from semlink.simulator.metrics.contract import Statistics

KEPT_EVERY = 5.0  # seconds between two files, at least: short work leaves none


class KeptStatistics:
    """Finished pieces of one measurement: arrays by name, under the key of the piece. Nothing in the files is executed.

    Fields: folder: of these pieces and nothing else. What it is called says all that they depend on; see `run_job`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stored: dict[str, dict[str, Statistics]] = {}
        self._unsaved: dict[str, Statistics] = {}
        self._files = 0
        if folder.is_dir():
            for path in sorted(folder.glob("*.npz")):
                self._files = max(self._files, int(path.stem) if path.stem.isdecimal() else 0)
                self._read(path)
        self._saved = time.monotonic()

    def find(self, key: str) -> Mapping[str, Statistics] | None:
        """A piece that an earlier run finished; None where it did not."""
        return self._stored.get(key)

    def keep(self, key: str, piece: Mapping[str, Statistics]) -> None:
        """Takes in a finished piece; writes what came in since the last file when that is long ago. Errors: OSError."""
        self._unsaved |= {f"{key}/{name}": values for name, values in piece.items()}
        if time.monotonic() - self._saved < KEPT_EVERY:
            return
        content = io.BytesIO()
        np.savez(content, **self._unsaved)  # type: ignore[arg-type]  # no name is that of a parameter
        self._files += 1
        write_whole(self.folder / f"{self._files:06d}.npz", content.getvalue())
        self._unsaved, self._saved = {}, time.monotonic()

    def remove(self) -> None:
        """Removes the folder, when all is measured."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _read(self, path: Path) -> None:
        """Takes in a file whose every byte is right; another one goes, and what it held is measured again."""
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as content:
                read = {name: content[name] for name in content.files}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            with contextlib.suppress(OSError):
                path.unlink()
            return
        for name, values in read.items():
            key, _, inner = name.rpartition("/")
            self._stored.setdefault(key, {})[inner] = values
