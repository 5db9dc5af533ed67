"""Where work is done: the device of the tensors and the folder of the large data sets."""

from dataclasses import dataclass
from pathlib import Path

from semlink.errors import RecipeError


@dataclass(frozen=True)
class Machine:
    """device: of torch. data_dir: folder of large data sets, or None. workers: processes."""

    device: str = "cpu"
    data_dir: Path | None = None
    workers: int = 1


def pick_device(name: str) -> str:
    """`auto` is CUDA where there is one, else the CPU. Errors: RecipeError for a device that is not there."""
    import torch

    available = torch.cuda.is_available()
    if name == "auto":
        return "cuda" if available else "cpu"
    if name == "cpu" or (name.startswith("cuda") and available):
        return name
    reason = "this machine has no CUDA device" if name.startswith("cuda") else "there is no such device"
    raise RecipeError(f'--device {name}: {reason}; use "auto" or "cpu".')
