"""Where stored codecs lie, and how one is found by its name: known without torch."""

import os
from pathlib import Path

from semlink.codecs.manifest import MANIFEST
from semlink.errors import BundleError, UnknownName
from semlink.files import content_of
from semlink.registry import choose

# Adding one: semlink train RECIPE --out experiments/workflow/store/bundles/NAME
PACKAGED = Path(__file__).parent / "store" / "bundles"


def home() -> Path:
    """The user's own folder."""
    return Path(os.environ.get("SEMLINK_HOME") or "~/.semlink").expanduser()


def own_bundles() -> Path:
    """Where `semlink train` stores codecs without --out."""
    return home() / "bundles"


def stored_codecs() -> dict[str, Path]:
    """The folders of all stored codecs by their names; one of the user's own hides a packaged one of its name."""
    places = [place for place in (PACKAGED, own_bundles()) if place.is_dir()]
    folders = {folder.name: folder for place in places for folder in content_of(place) if (folder / MANIFEST).is_file()}
    return dict(sorted(folders.items()))


def find_bundle(name: str | Path) -> Path:
    """The folder of a stored codec, given as a path, which wins where it exists, or by its name.

    Errors: BundleError, which lists the names there are.
    """
    if Path(name).exists():
        return Path(name)
    try:
        return choose("folder or stored codec", stored_codecs(), str(name))
    except UnknownName as error:
        raise BundleError(f"{str(error).rstrip('.')}; or make a stored codec with: semlink train.") from error
