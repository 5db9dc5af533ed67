"""Files of what compressors and language models learned: arrays and facts with a digest, without code in them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from semlink.errors import CodecError
from semlink.files import write_whole

FACTS = "facts"
Arrays = dict[str, NDArray[np.generic]]


def write_learned(path: Path, kind: str, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Writes arrays, and facts that JSON can hold, as a safetensors file.

    kind: what learned them, so that nothing else takes them for its own.
    """
    content = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    header = {"kind": kind, "facts": facts, "digest": _digest(facts, content)}
    content[FACTS] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    write_whole(path, safetensors.numpy.save(content))


def read_learned(path: Path, kind: str) -> tuple[dict[str, Any], Arrays]:
    """The facts and arrays of a file. Errors: CodecError when it is missing, damaged, or of another kind."""
    try:
        arrays: Arrays = dict(safetensors.numpy.load(path.read_bytes()))
        header = json.loads(arrays.pop(FACTS).tobytes())
        facts: dict[str, Any] = header["facts"]
        whole = header["digest"] == _digest(facts, arrays)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CodecError(
            f"{path} cannot be read as a file of what {kind} learned; remove it and learn again."
        ) from error
    if not whole:
        raise CodecError(f"{path} is damaged: its digest differs; remove it and learn again.")
    if header["kind"] != kind:
        raise CodecError(f"{path} holds what {header['kind']} learned; give a file of {kind}.")
    return facts, arrays


def _digest(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]]) -> str:
    total = hashlib.sha256(json.dumps(facts).encode())
    for name in sorted(arrays):
        total.update(repr((name, arrays[name].dtype.str, arrays[name].shape)).encode())
        total.update(np.ascontiguousarray(arrays[name]).tobytes())
    return f"sha256:{total.hexdigest()}"
