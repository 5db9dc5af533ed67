"""The only access to Sionna's physical layer: loaded when first used, on our device, drawing from our generators.

Sionna has its own generator for each device, and its import seeds the global generators of torch anew. Both effects are
undone here, so that code outside a `drawing_from` block does not notice Sionna. The blocks of Sionna are made with
`device=`, since `.to` does not move them. They are neither compiled nor shared between threads.
"""

import importlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


def sionna(part: str = "") -> Any:
    """The module `sionna.phy`, or the part of it that is named, such as "fec.ldpc"; about 2 s when first called."""
    name = f"sionna.phy.{part}".rstrip(".")
    if name not in sys.modules:
        # The import seeds the global generators of all devices from entropy.
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of modules that the import brings along, which are not ours to mend
            importlib.import_module(name)
    return sys.modules[name]


def device_name(device: torch.device | str) -> str:
    """A device as Sionna's blocks take it: "cpu" or "cuda:0"; they refuse a bare "cuda"."""
    device = torch.device(device)
    return device.type if device.type == "cpu" else f"{device.type}:{device.index or 0}"


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Within the block Sionna draws from `generator`, which moves on; afterwards its own stream is where it was.

    Blocks whose results depend on numpy's or Python's streams (interleavers, scramblers) are not covered: give them
    explicit seeds.
    """
    stream = sionna().config.torch_rng(device_name(generator.device))
    before = stream.get_state()
    stream.set_state(generator.get_state())
    try:
        yield
    finally:
        generator.set_state(stream.get_state())
        stream.set_state(before)
