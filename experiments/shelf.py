"""Stored codecs that are found by name: those that come with semlink, and those that its user trained."""

import os
from pathlib import Path

from semlink.codecs.bundle import MANIFEST
from semlink.errors import BundleError, UnknownName
from semlink.registry import choose

PACKAGED = Path(__file__).parent / "bundles"  # adding one: semlink train RECIPE --out experiments/bundles/NAME


def own_shelf() -> Path:
    """Where `semlink train` stores codecs without --out: `$SEMLINK_HOME/bundles`, or else `~/.semlink/bundles`."""
    return Path(os.environ.get("SEMLINK_HOME") or "~/.semlink").expanduser() / "bundles"


def stored_codecs() -> dict[str, Path]:
    """The folders of all stored codecs by their names; one of the user's own hides a packaged one of its name."""
    shelves = [shelf for shelf in (PACKAGED, own_shelf()) if shelf.is_dir()]
    found = {folder.name: folder for shelf in shelves for folder in shelf.iterdir() if (folder / MANIFEST).is_file()}
    return dict(sorted(found.items()))


def find_bundle(name: str) -> Path:
    """The folder of a stored codec, given as a path, which wins where it exists, or by its name.

    Errors: BundleError, which lists the names there are.
    """
    if Path(name).exists():
        return Path(name)
    try:
        return choose("folder or stored codec", stored_codecs(), name)
    except UnknownName as error:
        raise BundleError(f"{str(error).rstrip('.')}; or make a stored codec with: semlink train.") from error
