"""Checkpoints: the state of stopped work in one file, checked when it is read."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch
from torch import nn

from semlink.errors import BundleError
from semlink.files import write_whole


def write_checkpoint(path: Path, state: dict[str, Any], identity: str) -> None:
    """Stores a state in one step, for its owner alone. `identity` says of which work it is. Errors: OSError."""
    buffer = io.BytesIO()
    torch.save({**state, "identity": identity}, buffer)
    data = buffer.getvalue()
    write_whole(path, hashlib.sha256(data).digest() + data, 0o600)


def read_checkpoint(path: Path, identity: str) -> dict[str, Any]:
    """Reads a state back; nothing in it is executed. Errors: BundleError when it is damaged or of other work."""
    content = path.read_bytes()
    digest, data = content[:32], content[32:]
    if hashlib.sha256(data).digest() != digest:  # torch.load would not see a changed weight
        raise BundleError(f"The checkpoint {path} is damaged; delete it to start again.")
    state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    if state["identity"] != identity:
        raise BundleError(f"The checkpoint {path} is of other work; delete it or choose another --out.")
    return state


def weights_digest(network: nn.Module) -> str:
    """SHA-256 of all weights and buffers, in hexadecimal: a part of the identity of checkpoints."""
    total = hashlib.sha256()
    for value in network.state_dict().values():
        total.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
