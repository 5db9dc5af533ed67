"""Downloads files of published data sets, for a source whose field `download` is true."""

import hashlib
import urllib.request
from http.client import HTTPException
from pathlib import Path

from semlink.errors import SourceError
from semlink.files import write_whole
from semlink.progress import Progress

TIMEOUT = 30  # seconds without an answer
PIECE = 2**20  # bytes


def obtain(path: Path, url: str, sha256: str, download: bool) -> None:
    """Makes sure that a file is there; downloads it where it is missing and `download` allows that.

    Errors: SourceError.
    """
    if path.is_file():
        return
    if not download:
        raise SourceError(
            f"There is no {path}; put the file there, name another data folder, or get it with download=true."
        )
    fetch(url, sha256, path)


def fetch(url: str, sha256: str, target: Path) -> None:
    """Downloads a file, which appears at `target` whole and checked, or not at all.

    In:     sha256: digest of the file as it is sent.
    Errors: SourceError when there is no network, the server does not answer in 30 s or has no such file, the file
            is not the published one, or it cannot be written.
    """
    try:
        content = _received(url, f"download {target.name}")
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise SourceError(
            f"{url} cannot be downloaded ({reason}); get the file on a machine with a network and put it at {target}."
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SourceError(
            f"{url} sent something else than the published file; get it elsewhere and put it at {target}."
        )
    try:
        write_whole(target, content)
    except OSError as error:
        raise SourceError(
            f"{target} cannot be written ({error.strerror}); name a data folder that you may write to."
        ) from error


def _received(url: str, label: str) -> bytes:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        pieces = []
        with Progress(label, -(-(response.length or 0) // PIECE)) as progress:
            while piece := response.read(PIECE):
                pieces.append(piece)
                progress.step("MiB")
    return b"".join(pieces)
