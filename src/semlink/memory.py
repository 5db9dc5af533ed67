"""How much memory a piece of work takes at its peak."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass
class Peak:
    """The peak of a piece of work, in MiB, beyond what was held before it; memory of the GPU where one is used."""

    mebibytes: float = 0.0


@contextmanager
def peak_memory(device: str) -> Iterator[Peak]:
    """Measures the work inside the `with` block; the number is there when the block ends.

    In: device: "cpu", or "cuda" with or without an index. Where the system cannot reset an earlier peak, a smaller one
        after it counts as 0.
    """
    peak = Peak()
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        before = float(torch.cuda.memory_allocated(device))
        yield peak
        peak.mebibytes = (torch.cuda.max_memory_allocated(device) - before) / 2**20
        return
    with suppress(OSError):
        RESET.write_text("5", encoding="ascii")
    before = _highest()
    yield peak
    peak.mebibytes = max(0.0, _highest() - before) / 2**20


def _highest() -> float:
    """The most memory of the process that was resident since the last reset, in bytes."""
    try:
        line = next(line for line in STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return 1024.0 * int(line.split()[1])
    except (OSError, StopIteration):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(most) * (1 if sys.platform == "darwin" else 1024)
