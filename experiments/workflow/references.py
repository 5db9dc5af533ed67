"""Stored codecs as a run names them, and how they are found again."""

from pathlib import Path

from semlink.codecs.interop.sidecar import SIDECAR
from semlink.errors import BundleError
from semlink.experiments.workflow.codec_folders import find_bundle, stored_codecs
from semlink.experiments.workflow.run_plan import CodecReference
from semlink.experiments.workflow.store import stored_bundle
from semlink.files import sha256_of


def reference_of(folder: Path) -> CodecReference:
    """The reference to a codec in a folder, so that it can be used from anywhere. Errors: BundleError."""
    stored = stored_codecs().get(folder.name)
    known = stored is not None and stored.resolve() == folder.resolve()
    return CodecReference(name=folder.name if known else str(folder.absolute()), digest=_digest(folder))


def found(reference: CodecReference) -> Path:
    """The folder that a reference names. Errors: BundleError when it is missing or holds another codec now."""
    folder = find_bundle(reference.name)
    if _digest(folder) != reference.digest:
        raise BundleError(
            f"{folder} is not the codec that the run was made with; put that one back, or start a new run."
        )
    return folder


def _digest(folder: Path) -> str:
    sidecar = folder / SIDECAR
    return f"sha256:{sha256_of(sidecar)}" if sidecar.is_file() else stored_bundle(folder).digest()
