"""One command at a time in a folder: a lock that the kernel lifts when its process ends, however it ends."""

import contextlib
import functools
import inspect
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

from semlink.errors import FolderInUse
from semlink.files import remove_temporary

PATIENCE = 0.3  # seconds that a process may take to end after it was killed
P = ParamSpec("P")
R = TypeVar("R")


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder, made or not yet made; a thread that holds it may take it again.

    The lock is the file `.NAME.lock` beside the folder, or `.lock` in it where nothing may be written beside it. With
    it, what killed commands left of this folder under temporary names is cleared away; checkpoints stay.
    Errors: FolderInUse, at once, when another process or thread holds it; OSError.
    """
    from filelock import FileLock, Timeout  # takes a while to load

    folder = folder.resolve()
    file, made = _lock_file(folder)
    lock = FileLock(file, mode=0o644, is_singleton=True)  # one object a path, so that it counts who takes it again
    for last in (False, True):
        try:
            lock.acquire(timeout=PATIENCE, poll_interval=0.02)
            break
        except Timeout:
            if last or file.exists():
                raise FolderInUse(
                    f"Another semlink process{_holder(file)} works in {folder}; wait for its end, or choose another "
                    "folder."
                ) from None
            file.touch()  # either no file can be made there, which is told as such, or the other process has just ended
    outermost = lock.lock_counter == 1
    try:
        if outermost:
            file.write_text(f"{os.getpid()}\n")
            _clear(folder)
        yield
    finally:
        if outermost:
            with contextlib.suppress(OSError):  # Windows keeps a file that is open
                file.unlink()  # under the lock: who waits for this file sees that it is gone, and makes a new one
        lock.release()
        for parent in made if outermost else ():
            with contextlib.suppress(OSError):  # not empty: the work was done
                parent.rmdir()


def locked(*parameters: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function that holds the lock of a folder: of the first of these parameters that it is given.

    Errors: FolderInUse; its own.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            given = signature.bind(*args, **kwargs).arguments
            with folder_lock(Path(next(given[name] for name in parameters if given.get(name) is not None))):
                return function(*args, **kwargs)

        return call

    return decorate


def _lock_file(folder: Path) -> tuple[Path, list[Path]]:
    """Where the lock of a folder lies, and the folders that were made for it, the deepest first. Errors: OSError."""
    made = [parent for parent in folder.parents if not parent.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_dir() and (not folder.name or not os.access(folder.parent, os.W_OK)):
        return folder / ".lock", made
    return folder.parent / f".{folder.name}.lock", made


def _holder(file: Path) -> str:
    """The process that holds a lock, as part of a sentence; nothing where the file does not tell."""
    try:
        number = file.read_text().strip()
    except (OSError, ValueError):
        return ""
    return f" ({number})" if number.isdecimal() else ""


def _clear(folder: Path) -> None:
    """Removes what was to become this folder, the files of work on it, or a file of the run in it."""
    name = re.escape(folder.name)
    work = re.compile(rf"{name}|\.{name}\.(checkpoint(-.*)?|codes)", re.DOTALL)
    remove_temporary(folder.parent, lambda target: work.fullmatch(target) is not None)
    for place in (folder, folder / ".parts", folder / "figures"):
        # Below it other folders may be at work under locks of their own; theirs are folders and names with a dot.
        remove_temporary(place, lambda target: not target.startswith("."), folders=False)
