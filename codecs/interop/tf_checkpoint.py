"""The tensors of a TensorFlow 2 checkpoint or SavedModel by their names; nothing of it is run."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from semlink.codecs.optional_import import optional_import
from semlink.errors import CodecError

VARIABLE = "/.ATTRIBUTES/VARIABLE_VALUE"


@dataclass(frozen=True)
class TensorFlowCheckpoint:
    """What a checkpoint holds.

    weights: path in the tree of objects -> array; Keras 2 names a kernel `kernel`, Keras 3 `_kernel`: here both are the
    first. others: names of what is no weight: counters, states of optimisers and generators. digest: SHA-256 of its
    files.
    """

    weights: Mapping[str, NDArray[Any]]
    others: tuple[str, ...]
    digest: str


def read_checkpoint(path: Path) -> TensorFlowCheckpoint:
    """Reads an object-based checkpoint: its prefix (`ckpt-7`), a folder that has one, or the folder of a SavedModel.

    Errors: CodecError when there is none, it is damaged, or TensorFlow is missing.
    """
    tensorflow = optional_import("tensorflow", "tensorflow", "Importing TensorFlow codecs")
    prefix = _prefix(path, tensorflow)
    try:
        reader = tensorflow.train.load_checkpoint(prefix)
        names = sorted(reader.get_variable_to_shape_map())
        weights = {_plain(name): reader.get_tensor(name) for name in names if _is_weight(name)}
    except Exception as error:  # TensorFlow has an exception of its own for each kind of damage
        raise CodecError(f"{path} is no TensorFlow 2 checkpoint that can be read; fetch or save it again.") from error
    digest = hashlib.sha256()
    for file in sorted(Path(prefix).parent.glob(f"{Path(prefix).name}.*")):
        digest.update(file.read_bytes())
    return TensorFlowCheckpoint(
        weights, tuple(name for name in names if not _is_weight(name)), f"sha256:{digest.hexdigest()}"
    )


def _prefix(path: Path, tensorflow: Any) -> str:
    if path.with_name(f"{path.name}.index").is_file():
        return str(path)
    if (path / "variables" / "variables.index").is_file():
        return str(path / "variables" / "variables")
    latest: str | None = tensorflow.train.latest_checkpoint(str(path)) if path.is_dir() else None
    if latest is None:
        raise CodecError(f"There is no checkpoint at {path}; give its prefix such as {path}/ckpt-1, or its folder.")
    return latest


def _is_weight(name: str) -> bool:
    """Whether this is a variable of a layer."""
    parts = name.removesuffix(VARIABLE).split("/")
    kept = not any(part.startswith(("optim", "_optim", "keras_api")) or part == ".OPTIMIZER_SLOT" for part in parts)
    return name.endswith(VARIABLE) and kept and parts[-1] not in ("save_counter", "iterations", "seed", "_seed")


def _plain(name: str) -> str:
    *parts, last = name.removesuffix(VARIABLE).split("/")
    return "/".join([*parts, last.removeprefix("_")])
