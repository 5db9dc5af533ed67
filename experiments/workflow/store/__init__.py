"""What is kept between commands: stored codecs, found by name, and measured block error rates.

Both come in two places: with semlink, and in the user's own folder, `$SEMLINK_HOME` or else `~/.semlink`.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from semlink.codecs import CODECS
from semlink.codecs.bundle import Bundle, load_bundle
from semlink.codecs.interop.exported import Exported, open_export
from semlink.codecs.interop.sidecar import SIDECAR
from semlink.codecs.manifest import MANIFEST
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import SignatureError
from semlink.experiments.workflow.codec_folders import home
from semlink.experiments.workflow.signatures import require_signature
from semlink.simulator.block_errors import BlockErrors

# More of them: semlink block-errors --table experiments/workflow/store/block-errors
MEASURED = Path(__file__).parent / "block-errors"


def block_errors(folder: Path | None = None) -> BlockErrors:
    """The measured block error rates of the classical chain.

    New ones are kept in a folder, by default the user's own.
    """
    return BlockErrors(home() / "block-errors" if folder is None else folder, packaged=MEASURED)


def stored_bundle(folder: Path) -> Bundle:
    """A stored codec, read and checked once a process as long as its files stay as they are; nobody changes its codec.

    Where signatures are required, one that lacks its signature is refused before anything else of it is read.
    Errors: BundleError, SignatureError.
    """
    signed = require_signature(folder, MANIFEST)
    bundle = _stored(folder)
    if signed is not None and hashlib.sha256(bundle.manifest).hexdigest() != signed:
        raise SignatureError(f"{folder} was changed while it was read; do not use it.")
    return bundle


def stored_export(folder: Path, bundle: Bundle, codec: NeuralCodec[Any] | None = None) -> Exported:
    """An export as a codec, beside the stored codec that it was made of.

    In:     codec: that one as it is measured; None: as it is stored.
    Errors: as `open_export`; SignatureError.
    """
    require_signature(folder, SIDECAR)
    return open_export(folder, codec or bundle.codec, bundle.digest())


def _stored(folder: Path) -> Bundle:
    if not (folder / MANIFEST).is_file():
        return load_bundle(folder)  # which says what is wrong
    files = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    kinds = tuple(entry for entry, _ in CODECS.added().values())  # a notebook may define one anew
    return _read_once(folder, tuple((name, status.st_size, status.st_mtime_ns) for name, status in files), kinds)


@lru_cache(maxsize=64)
def _read_once(folder: Path, files: tuple[tuple[str, int, int], ...], kinds: tuple[object, ...]) -> Bundle:
    return load_bundle(folder)
