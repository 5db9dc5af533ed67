"""What an export or import needs beside semlink, loaded when it is first used."""

import importlib
from typing import Any

from semlink.errors import CodecError


def optional_import(module: str, extra: str, purpose: str) -> Any:
    """A module of an optional package.

    In:     extra: of semlink, which brings it. purpose: what needs it, as the beginning of a sentence.
    Errors: CodecError, which says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise CodecError(f'{purpose} needs {package}. Install it with: pip install "semlink[{extra}]".') from error
