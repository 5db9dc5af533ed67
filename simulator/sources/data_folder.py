"""The folder of the large data sets, which are not part of this package."""

import os
from pathlib import Path

from semlink.errors import SourceError

VARIABLE = "SEMLINK_DATA"


def data_folder(source: str, data_dir: Path | None) -> Path:
    """The folder that was named, on the command line or else by the environment variable SEMLINK_DATA.

    In:     source: the name of the source that needs it, for the error sentence.
    Errors: SourceError when none was named, or there is no such folder.
    """
    named = data_dir or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is None:
        raise SourceError(
            f'The source "{source}" needs the folder of the large data sets; name it with --data-dir or {VARIABLE}.'
        )
    if not named.is_dir():
        raise SourceError(f"There is no data folder {named}; name another with --data-dir or {VARIABLE}.")
    return named


def placed(path: Path, source: str, data_dir: Path | None) -> Path:
    """A path that a user gave, from the current folder or else from the data folder; as it is where neither has it.

    `~` is the user's home.
    """
    here = Path(os.path.expanduser(path))
    if os.path.exists(here) or here.is_absolute():  # no error where a name is too long for a file
        return here
    try:
        inside = data_folder(source, data_dir) / path
    except SourceError:
        return path
    return inside if os.path.exists(inside) else path
