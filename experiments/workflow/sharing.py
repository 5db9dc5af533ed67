"""Copies of stored codecs and runs for other people, without the files that are for the owner of the data alone."""

import shutil
from pathlib import Path

from semlink.codecs.manifest import MANIFEST
from semlink.errors import RecipeError
from semlink.experiments.workflow.run_folder import REQUESTS, RUN
from semlink.experiments.workflow.source_places import PLACES
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.training_records import RECORDS
from semlink.files import whole_folder
from semlink.unlearning.methods.mnemonic.codes import CODES_FILE

OWNERS = {REQUESTS, RECORDS, PLACES, CODES_FILE}  # never copied, whatever a manifest says


def share(folder: Path, out: Path) -> list[str]:
    """Copies the folder of a stored codec or of a run, without protected and hidden files; returns what was left out.

    Errors: RecipeError when `folder` is neither, or `out` is there already; BundleError when a stored codec is damaged;
            OSError.
    """
    if not any((folder / name).is_file() for name in (MANIFEST, RUN)):
        raise RecipeError(f"{folder} is neither a stored codec nor the folder of a run; give one of these.")
    if out.exists():
        raise RecipeError(f"{out} is there already; choose another --out.")
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    protected = {place: _protected(place) for place in folders}
    left_out = []
    with whole_folder(out) as unfinished:
        for path in sorted(folder.rglob("*")):
            place = path.relative_to(folder)
            if path.is_symlink() or not path.is_file():
                continue
            hidden = any(part.startswith(".") for part in place.parts)
            if hidden or path.name in OWNERS or path.name in protected[path.parent]:
                left_out.append(str(place))
                continue
            (unfinished / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, unfinished / place)
    return left_out


def _protected(folder: Path) -> set[str]:
    """The files of a folder that a stored codec in it protects. Errors: BundleError when the codec is damaged."""
    return set(stored_bundle(folder).protected) if (folder / MANIFEST).is_file() else set()
