"""Packages that only some features need, loaded when they are first used."""

import importlib
from collections.abc import Mapping
from typing import Any

from semlink.errors import CodecError

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "heic": ("pillow-heif",),
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "tensorflow": ("tensorflow>=2.20,<2.21", "ai-edge-litert"),
    "sign": ("cryptography",),
    "parquet": ("pyarrow",),
}  # what to install for each extra of setup.cfg


def optional_import(module: str, extra: str, purpose: str) -> Any:
    """A module of an optional package.

    In:     extra: a key of `EXTRAS`. purpose: what needs the module, as the beginning of a sentence.
    Errors: CodecError with the command that installs the package.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise CodecError(f"{purpose} needs {package}. Install it with: {install_command(extra)}.") from error


def install_command(extra: str) -> str:
    """The command that installs what an extra needs."""
    return " ".join(["pip install", *(f'"{package}"' if ">" in package else package for package in EXTRAS[extra])])
