"""Files of published data sets: the content is what was published, or there is an error."""

import hashlib
from pathlib import Path

from semlink.errors import SourceError
from semlink.untrusted import read_bytes

FILE_MOST = 512 << 20  # bytes; the largest published file has 170 MB


def content_of(path: Path) -> bytes:
    """The bytes of a file. Errors: SourceError when it is missing or cannot be read."""
    try:
        return read_bytes(path, FILE_MOST)
    except FileNotFoundError as error:
        raise SourceError(f"There is no {path}; put the file there or name another data folder.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); check its place and its permissions.") from error


def check_published(content: bytes, sha256: str, path: Path) -> None:
    """Compares the content of a file, or what was decoded from it, with the digest of the published one.

    Errors: SourceError, which names the file, when they differ.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SourceError(f"{path} has not the content that was published under this name; get it again.")
