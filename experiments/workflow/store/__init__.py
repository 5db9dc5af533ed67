"""What is kept between commands: stored codecs, found by name, and measured block error rates.

Both come in two places: with semlink, and in the user's own folder, `$SEMLINK_HOME` or else `~/.semlink`.
"""

import os
from pathlib import Path

from semlink.codecs.bundle import MANIFEST
from semlink.errors import BundleError, UnknownName
from semlink.registry import choose
from semlink.simulator.block_errors import BlockErrors

MEASURED = (
    Path(__file__).parent / "block-errors"
)  # more of them: semlink block-errors --table experiments/workflow/store/block-errors
PACKAGED = (
    Path(__file__).parent / "bundles"
)  # adding one: semlink train RECIPE --out experiments/workflow/store/bundles/NAME


def home() -> Path:
    """The user's own folder."""
    return Path(os.environ.get("SEMLINK_HOME") or "~/.semlink").expanduser()


def own_shelf() -> Path:
    """Where `semlink train` stores codecs without --out."""
    return home() / "bundles"


def block_errors(folder: Path | None = None) -> BlockErrors:
    """The measured block error rates of the classical chain; new ones are kept in a folder, by default the user's own."""
    return BlockErrors(home() / "block-errors" if folder is None else folder, packaged=MEASURED)


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
