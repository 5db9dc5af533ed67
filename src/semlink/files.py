"""Files and folders that are either whole or not there: write beside, then one rename.

What is written is named `.semlink-tmp-XXXXXXXX-NAME` until then. A killed process leaves such names behind: they are no
content of a folder, and `remove_temporary` clears them away.
"""

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

TEMPORARY = ".semlink-tmp-"  # how all names begin that stand for something unfinished
_TEMPORARY = re.compile(re.escape(TEMPORARY) + r"[a-z0-9_]{8}-(?P<target>.+)", re.DOTALL)


def write_whole(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Writes a file in one atomic step: a reader sees the old content or the new, never a part.

    In:     mode: who may read and write it; never more than that, not even while it is written.
    Errors: OSError (disk full, no permission); the old file is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY, suffix=f"-{path.name}")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def whole_folder(target: Path, replace: bool = False) -> Iterator[Path]:
    """Yields a temporary folder to fill; on success it becomes `target`, on failure it vanishes.

    In:     replace: whether it may take the place of what stands at `target`. Else only of an empty folder.
    Errors: OSError, also where something stands there; it is then untouched.
    """
    target = target.resolve()  # where a link leads to
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(_temporary_folder(target))
    os.chmod(folder, 0o755)
    try:
        yield folder
        if replace and target.exists():
            old = Path(_temporary_folder(target))
            os.rename(target, old / target.name)
            os.rename(folder, target)
            shutil.rmtree(old)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(target)  # fails where something is in it
            os.rename(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def json_text(content: object, indent: int | None = None, escape: bool = True) -> str:
    """Plain data as JSON that every reader takes (RFC 8259): numbers that are not finite are strings, as in rows.

    In: escape: whether letters beyond ASCII are written as escapes.
    """
    return json.dumps(_finite(content), indent=indent, ensure_ascii=escape, allow_nan=False)


def _finite(content: object) -> object:
    if isinstance(content, float) and not math.isfinite(content):
        return "NaN" if math.isnan(content) else "Infinity" if content > 0 else "-Infinity"
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    return [_finite(value) for value in content] if isinstance(content, list | tuple) else content


def _temporary_folder(target: Path) -> str:
    return tempfile.mkdtemp(dir=target.parent, prefix=TEMPORARY, suffix=f"-{target.name}")


def content_of(folder: Path) -> list[Path]:
    """What lies in a folder, without what killed processes left unfinished."""
    return [path for path in folder.iterdir() if _target_of(path) is None]


def remove_temporary(folder: Path, ours: Callable[[str], bool], folders: bool = True) -> None:
    """Removes what killed processes left unfinished in a folder. Nobody may be writing these targets now.

    In: ours: tells of the name of a target whether what was to become it goes. folders: whether unfinished folders go.
    """
    try:
        found = list(folder.iterdir())
    except OSError:  # not there, or no folder
        return
    for path in found:
        target = _target_of(path)
        if target is None or not ours(target):
            continue
        if path.is_dir() and not path.is_symlink():
            if folders:
                shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()


def _target_of(path: Path) -> str | None:
    """The name of what this was to become; None where it is nothing unfinished."""
    match = _TEMPORARY.fullmatch(path.name)
    return None if match is None else match["target"]


def check_room(folder: Path, size: int) -> None:
    """Checks that `size` bytes can be written into a folder, or above it where it is not made yet; leaves no trace.

    Errors: OSError with the place: no permission, a file in the way, no space, or a file larger than is allowed.
    """
    place = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            if hasattr(os, "posix_fallocate"):  # takes the space, which no look at the free space can promise
                os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or errno.EIO), str(place)) from error


def leads_nowhere(path: Path) -> bool:
    """Whether a path is, or goes through, a link to something that is not there, so that nothing can be made at it."""
    return any(place.is_symlink() and not place.exists() for place in (path, *path.parents))


def sha256_of(path: Path) -> str:
    """The SHA-256 digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
