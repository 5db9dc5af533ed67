"""Copies of stored codecs and runs for other people, without the files that are for the owner of the data alone."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from semlink.codecs.bundle import MANIFEST
from semlink.errors import RecipeError
from semlink.experiments.workflow.run_folder import REQUESTS, RUN
from semlink.files import whole_folder


def share(folder: Path, out: Path) -> list[str]:
    """Copies the folder of a stored codec or of a run, without protected and hidden files; returns what was left out.

    Errors: RecipeError when `folder` is neither, or `out` is there already; OSError.
    """
    if not any((folder / name).is_file() for name in (MANIFEST, RUN)):
        raise RecipeError(f"{folder} is neither a stored codec nor the folder of a run; give one of these.")
    if out.exists():
        raise RecipeError(f"{out} is there already; choose another --out.")
    left_out = []
    with whole_folder(out) as unfinished:
        for path in sorted(folder.rglob("*")):
            place = path.relative_to(folder)
            if path.is_symlink() or not path.is_file():
                continue
            if any(part.startswith(".") for part in place.parts) or path.name in _protected(path.parent):
                left_out.append(str(place))
                continue
            (unfinished / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, unfinished / place)
    return left_out


def _protected(folder: Path) -> Iterator[str]:
    """The names of the files of a folder that are for the owner of the data alone."""
    if (folder / RUN).is_file():
        yield REQUESTS
    if (folder / MANIFEST).is_file():
        yield from json.loads((folder / MANIFEST).read_bytes()).get("protected", {})
