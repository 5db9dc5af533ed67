"""Detached Ed25519 signatures of bundles, exports and run folders, and the rule that only signed ones are loaded.

A signature lies beside what it signs, as `signature.json`. It names files with their SHA-256 digests: of a bundle the
manifest, which has those of all others; of an export and of a run folder every file. Two environment variables, which
worker processes inherit, make signatures a rule: SEMLINK_REQUIRE_SIGNATURE, a file of public keys, of which one must
have signed whatever is loaded, and SEMLINK_SIGN_KEY, the private key that signs whatever is made meanwhile.
"""

import base64
import hashlib
import json
import os
import re
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from semlink.codecs.bundle import load_bundle
from semlink.codecs.interop.sidecar import SIDECAR, read_sidecar
from semlink.codecs.manifest import MANIFEST
from semlink.codecs.optional_import import optional_import
from semlink.errors import SignatureError
from semlink.files import sha256_of, write_whole

SIGNATURE, FORMAT = "signature.json", "semlink-signature-1"
REQUIRE, SIGN_WITH = "SEMLINK_REQUIRE_SIGNATURE", "SEMLINK_SIGN_KEY"
RUN, PARTS = "run.yaml", ".parts"  # of a run folder: what makes it one, and finished parts, which are no result
LARGEST = 16 << 20  # bytes of a signature or a key that are read
PUBLIC_KEY = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)


class FolderSignature(BaseModel):
    """The content of `signature.json`.

    kind:   what the folder was when it was signed. time: of signing, ISO 8601, as the signer's clock had it.
    key:    SHA-256 of the public key, "sha256:...". files: path in the folder -> SHA-256.
    owner_only: those of the files that were for their owner alone, and may be missing in a copy.
    signature: Ed25519 over `signed_bytes`, in base64.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal["semlink-signature-1"] = "semlink-signature-1"
    kind: Literal["bundle", "export", "run"]
    time: str
    key: str
    files: dict[str, str]
    owner_only: list[str] = []
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """What the signature is over: all else, in its one form, after the name of the format."""
        content = self.model_dump(mode="json", exclude={"signature"})
        return f"{FORMAT}\n{json.dumps(content, sort_keys=True, separators=(',', ':'))}".encode()


def new_key_pair(path: Path) -> Path:
    """Writes a new private key at `path`, for its owner alone, and returns the path of the public one beside it.

    Errors: SignatureError when one of the two files is there already; CodecError without `cryptography`; OSError.
    """
    if not path.name:
        raise SignatureError("A key needs the name of a file; give one with --new-key.")
    public = path.with_name(f"{path.name}.pub")
    for file in (path, public):
        if file.is_symlink() or file.exists():
            raise SignatureError(f"{file} is there already; choose another name for the new key.")
    serialization = _cryptography("serialization")
    key = _cryptography("asymmetric.ed25519").Ed25519PrivateKey.generate()
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    write_whole(path, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain), 0o600)
    write_whole(public, key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return public


def sign(folder: Path, key: Path) -> Path:
    """Signs a bundle, an export or a run folder as it is now; returns the path of the signature.

    In:     key: a file with a private key (Ed25519, PEM without a passphrase).
    Errors: SignatureError when the folder is none of these, or the key is none; BundleError when the folder is damaged;
            OSError.
    """
    private = _private_key(key)
    kind = _kind_of(folder)
    files = _signed_part(_checked_files(folder, kind), kind)
    unsigned = FolderSignature(
        kind=kind,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        key=_fingerprint(private.public_key()),
        files=files,
        owner_only=[name for name in files if stat.S_IMODE((folder / name).stat().st_mode) & 0o077 == 0],
    )
    signature = base64.b64encode(private.sign(unsigned.signed_bytes())).decode("ascii")
    signed = unsigned.model_copy(update={"signature": signature})
    write_whole(folder / SIGNATURE, json.dumps(signed.model_dump(mode="json"), indent=1) + "\n")
    return folder / SIGNATURE


def verify(folder: Path, key: Path) -> FolderSignature:
    """The signature of a folder, after a check that one of the keys made it and that all files are as they were then.

    In:     key: a file with one public key or several (Ed25519, PEM).
    Errors: SignatureError when it is not signed by them, or a file was changed, added or lost; BundleError when it is
            damaged.
    """
    signature = signature_of(folder, _public_keys(key))
    kind = _kind_of(folder)
    if kind != signature.kind:
        raise SignatureError(f"{folder} was signed as a {signature.kind}, but holds a {kind} now; do not use it.")
    found = _signed_part(_checked_files(folder, kind), kind)
    missing = signature.files.keys() - found.keys() - set(signature.owner_only)
    changed = {name for name, digest in found.items() if signature.files.get(name) != digest}
    for name in sorted(missing | changed):
        fault = "is missing" if name in missing else "was changed" if name in signature.files else "was added"
        raise SignatureError(f"{folder} is not what was signed: {name} {fault}.")
    return signature


def require_signature(folder: Path, name: str) -> str | None:
    """The digest that the file `name` of a folder must have, where signatures are required; None where they are not.

    In:     name: of the file that vouches for all others: the manifest of a bundle, the sidecar of an export.
    Errors: SignatureError when the folder is not signed by one of the required keys, or the file differs.
    """
    place = os.environ.get(REQUIRE)
    if not place:
        return None
    signature = signature_of(folder, _public_keys(Path(place)))
    digest = signature.files.get(name)
    if digest is None or not (folder / name).is_file() or sha256_of(folder / name) != digest:
        raise SignatureError(f"{folder} is not what was signed: {name} differs.")
    return digest


def check_ready_to_sign() -> None:
    """Before something is made that will be loaded again. Errors: SignatureError when it could not be signed."""
    place, own = os.environ.get(REQUIRE), os.environ.get(SIGN_WITH)
    if place and not own:
        raise SignatureError(
            f"Signatures are required, so what is made here needs one too; give --sign-key (or set {SIGN_WITH})."
        )
    if own:
        fingerprint = _fingerprint(_private_key(Path(own)).public_key())
        if place and fingerprint not in map(_fingerprint, _public_keys(Path(place))):
            raise SignatureError(f"The key {own} is not among those that are required; add its public key to {place}.")


def sign_made(folder: Path) -> None:
    """Signs a folder that was just made, where SEMLINK_SIGN_KEY names a key. Errors: as `sign`."""
    if own := os.environ.get(SIGN_WITH):
        sign(folder, Path(own))


def signature_of(folder: Path, keys: Sequence[Any]) -> FolderSignature:
    """The signature in a folder, made by one of the public keys; it says nothing yet of the files.

    Errors: SignatureError.
    """
    if not folder.is_dir():
        raise SignatureError(f"There is no folder {folder}; give a bundle, an export or a run folder.")
    if not (folder / SIGNATURE).is_file():
        raise SignatureError(f"{folder} is not signed; sign it with: semlink sign {folder} --key FILE.")
    signature = read_signature(folder)
    try:
        made = base64.b64decode(signature.signature, validate=True)
    except ValueError as error:
        raise SignatureError(f"{folder / SIGNATURE} is damaged; fetch it again or sign the folder again.") from error
    invalid = optional_import("cryptography.exceptions", "sign", "A signature").InvalidSignature
    for key in keys:
        try:
            key.verify(made, signature.signed_bytes())
        except invalid:
            continue
        return signature
    raise SignatureError(f"{folder} is not signed by the key that was given; do not use it, or give its signer's key.")


def read_signature(folder: Path) -> FolderSignature:
    """The signature in a folder as it stands there, unchecked. Errors: SignatureError when it is missing or damaged."""
    try:
        return FolderSignature.model_validate_json(_content(folder / SIGNATURE))
    except (OSError, ValidationError, ValueError, RecursionError) as error:
        raise SignatureError(f"{folder / SIGNATURE} is damaged; fetch it again or sign the folder again.") from error


def _kind_of(folder: Path) -> Literal["bundle", "export", "run"]:
    """Errors: SignatureError when the folder is nothing that is signed."""
    if (folder / MANIFEST).is_file():
        return "bundle"
    if (folder / SIDECAR).is_file():
        return "export"
    if (folder / RUN).is_file():
        return "run"
    raise SignatureError(f"{folder} is neither a bundle nor an export nor a run folder; give the folder of one.")


def _checked_files(folder: Path, kind: str) -> dict[str, str]:
    """Path and SHA-256 of every file, except the signature and finished parts of a run; all are what the kind says.

    Errors: SignatureError for links, and files that are none of a bundle; BundleError when the bundle or export is
            damaged.
    """
    files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == SIGNATURE or (kind == "run" and name.split("/")[0] == PARTS):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise SignatureError(f"{path} is no plain file; only folders of plain files are signed.")
        if path.is_file():
            files[name] = sha256_of(path)
    if kind == "export":
        read_sidecar(folder)
    if kind == "bundle":
        bundle = load_bundle(folder)  # every byte against the manifest
        content = json.loads(bundle.manifest)
        known = {MANIFEST, *(name for kind in ("files", "accounts", "protected") for name in content.get(kind, ()))}
        for name in files.keys() - known:
            raise SignatureError(f"{folder / name} is no file of this bundle; remove it.")
        files[MANIFEST] = hashlib.sha256(bundle.manifest).hexdigest()
    return files


def _signed_part(files: dict[str, str], kind: str) -> dict[str, str]:
    """The files that a signature names: of a bundle the manifest, which vouches for the others."""
    return {MANIFEST: files[MANIFEST]} if kind == "bundle" else files


def _cryptography(module: str) -> Any:
    return optional_import(f"cryptography.hazmat.primitives.{module}", "sign", "A signature")


def _private_key(path: Path) -> Any:
    """Errors: SignatureError."""
    serialization, ed25519 = _cryptography("serialization"), _cryptography("asymmetric.ed25519")
    try:
        key = serialization.load_pem_private_key(_content(path), None)
    except OSError as error:
        raise SignatureError(
            f"There is no key {path} that can be read; make one with: semlink sign --new-key."
        ) from error
    except TypeError as error:
        raise SignatureError(f"The key {path} has a passphrase; give one without, in a file for you alone.") from error
    except Exception as error:  # of several libraries beneath
        raise SignatureError(f"{path} is no private key in PEM; make one with: semlink sign --new-key PATH.") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise SignatureError(f"{path} is no Ed25519 key; make one with: semlink sign --new-key PATH.")
    return key


def _public_keys(path: Path) -> list[Any]:
    """Errors: SignatureError when the file holds none, or one of another kind."""
    serialization, ed25519 = _cryptography("serialization"), _cryptography("asymmetric.ed25519")
    try:
        keys = [serialization.load_pem_public_key(block) for block in PUBLIC_KEY.findall(_content(path))]
    except OSError as error:
        raise SignatureError(f"There is no key {path} that can be read; give the file of a public key.") from error
    except Exception as error:  # of several libraries beneath
        raise SignatureError(f"{path} holds a damaged public key; fetch it again from its owner.") from error
    if not keys or not all(isinstance(key, ed25519.Ed25519PublicKey) for key in keys):
        raise SignatureError(f"{path} holds no public Ed25519 key in PEM; give the .pub file beside a private key.")
    return keys


def _fingerprint(key: Any) -> str:
    return f"sha256:{hashlib.sha256(key.public_bytes_raw()).hexdigest()}"


def _content(path: Path) -> bytes:
    """Errors: OSError; ValueError when the file is too large to be a signature or a key."""
    if not path.is_file():
        raise FileNotFoundError(path)
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError("too large")
    return content
