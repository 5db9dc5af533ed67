"""A stored codec: a folder that describes its content, is checked byte by byte when it is read, and never runs code."""

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers.utils import logging

from semlink.codecs import CODECS, IMPORTED
from semlink.codecs.configuration import CodecConfig
from semlink.codecs.manifest import MANIFEST
from semlink.codecs.model_card import model_card
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.weights_header import StoredTensor, stored_tensors
from semlink.errors import BundleError, SemlinkError
from semlink.files import json_text, whole_folder
from semlink.progress import tell
from semlink.untrusted import cut, json_of, read_bytes

CONFIG, WEIGHTS, CARD, README = "config.json", "model.safetensors", "card.json", "README.md"
ONNX = ".onnx"  # ending of the files that hold a codec which was imported as such
MAKING = "making.json"  # the facts of the card that differ between two equal makings
FACTS_OF_MAKING = ("seconds", "device", "command", "code_version")
FORMAT, FIRST_FORMAT = "semlink-bundle-2", "semlink-bundle-1"
WEIGHTS_MOST, FILE_MOST, MANIFEST_MOST, FILES_MOST = 8 << 30, 64 << 20, 1 << 20, 64  # bytes, and files
WRITTEN = {"architectures", "backbone_facts", "dtype", "model_type", "transformers_version"}  # beside a codec's fields
COUNTS = ("encoder_layers", "decoder_layers", "shards")  # fields of which each makes at least a tensor
KINDS = {"F32": "float32", "F64": "float64", "F16": "float16", "BF16": "bfloat16", "BOOL": "bool", "U8": "uint8"}
KINDS |= {f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)}


@dataclass(frozen=True)
class Bundle:
    """A stored codec as it was read.

    codec: in evaluation mode, on the CPU. card: what its maker wrote about it. folder: where it is stored.
    manifest: the names and SHA-256 digests of all its files, as stored.
    protected: the content of those protected files that are there. They are not deployed with the codec.
    texts: name and content of its other text files, as they were checked.
    """

    codec: NeuralCodec[Any]
    card: dict[str, Any]
    folder: Path
    manifest: bytes
    protected: Mapping[str, bytes] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """What the codec is, "sha256:...": SHA-256 over the digests of its weights, configuration, vocabulary and card.

        It is the same for two equal makings, whatever time these took, and whether the protected files are there or
        not. In bundles of the first format it is the SHA-256 of the whole manifest.
        """
        stored = json.loads(self.manifest)
        what = self.manifest if stored["format"] == FIRST_FORMAT else json.dumps(stored["files"]).encode()
        return f"sha256:{_sha256(what)}"


def save_bundle(
    codec: NeuralCodec[Any],
    card: Mapping[str, Any],
    folder: Path,
    extra_files: Mapping[str, str] | None = None,
    protected: Mapping[str, bytes] | None = None,
    accounts: Mapping[str, str] | None = None,
) -> None:
    """Stores a codec in one step: either the whole folder is there afterwards, or what was there before.

    In:     card: provenance, of values that JSON knows; the model card, README.md, is written from it.
            extra_files: name and content of further text files.
            accounts: the same of text files that tell of the making, such as measured times: checked as all others, but
            no part of what `Bundle.digest` stands for.
            protected: name and content of files that only their owner may read, and without which the codec still
            works: a copy of the folder that is deployed leaves them out. The manifest vouches for them where they are.
    Errors: BundleError when a name among these is not a file name of its own; OSError.
    """
    protected, extra_files = protected or {}, extra_files or {}
    lasting = {name: fact for name, fact in card.items() if name not in FACTS_OF_MAKING}
    accounts = {
        **(accounts or {}),
        MAKING: _as_json({name: card[name] for name in FACTS_OF_MAKING if name in card}),
        README: model_card(card, codec.delivers),
    }
    with whole_folder(folder) as unfinished:
        _save_quietly(codec, unfinished)
        taken = {MANIFEST, CARD, *(path.name for path in unfinished.iterdir())}
        for name in (*accounts, *extra_files, *protected):
            if name in taken or not _plain(name):
                raise BundleError(f'A bundle cannot hold an extra file "{name}"; give it another plain name.')
            taken.add(name)
        for name, text in {CARD: _as_json(lasting), **accounts, **extra_files}.items():
            (unfinished / name).write_text(text, encoding="utf-8")
        files = {path.name: path.read_bytes() for path in unfinished.iterdir()}
        digests = {name: _sha256(content) for name, content in protected.items()}
        (unfinished / MANIFEST).write_bytes(_manifest(files, digests, tuple(accounts)))
        for path in unfinished.iterdir():
            path.chmod(0o644)  # safetensors keeps its files to their owner
        for name, content in protected.items():
            (unfinished / name).touch(0o600)
            (unfinished / name).write_bytes(content)


def load_bundle(folder: Path) -> Bundle:
    """Reads a stored codec after checking every byte of it against the manifest; only JSON and safetensors are read.

    Errors: BundleError when the folder is missing, not a stored codec, damaged, or of a kind that is not known.
    """
    files, protected, manifest = _checked_files(folder)
    try:
        config = json_of(files[CONFIG], dict)
        card = {**json_of(files[CARD], dict), **(json_of(files[MAKING], dict) if MAKING in files else {})}
        header = stored_tensors(files[WEIGHTS])
        kind = _kind(config["model_type"])
    except (KeyError, ValueError) as error:
        raise BundleError(f"{folder} is not a complete stored codec; store it again with: semlink train.") from error
    if kind is None:
        known = ", ".join(sorted(map(_type_of, CODECS.usable().values())))
        given = cut(config["model_type"])
        needed = ", ".join(f"{cut(entry.get('name'))} ({cut(entry.get('digest'), 19)})" for entry in _plugins_on(card))
        cure = f"it needs the plug-in {needed}: give each with --plugin FILE, or install its package"
        cure = cure if needed else f"the known types are: {known}"
        raise BundleError(f'{folder} holds a codec of the type "{given}"; {cure}.')
    plugin = CODECS.plugin(CODECS.name_of(kind) or "")
    if plugin is not None and plugin.digest not in [entry.get("digest") for entry in _plugins_on(card)]:
        tell(f"{folder} was made with another version of the plug-in {plugin.name}; what it sends may differ.")
    try:
        settings = _configuration(kind.config_class, config, len(header), folder)
        with torch.device("meta"):  # no memory and no random numbers for weights that are replaced at once
            codec = kind(settings)
        _compare(codec.state_dict(), header, folder)
        codec.read_extra_files(files)
    except KeyError as error:
        raise BundleError(f"{folder} lacks {error.args[0]}; store the codec again.") from error
    except BundleError:
        raise
    except SemlinkError as error:
        raise BundleError(f"The codec in {folder} cannot be used: {cut(str(error).rstrip('.'), 400)}.") from error
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        # The fields are each of their type and size; what they make together nobody can list.
        raise BundleError(f"The codec in {folder} cannot be built from its {CONFIG}; store the codec again.") from error
    try:
        codec.load_state_dict(safetensors.torch.load(files[WEIGHTS]), assign=True)
    except (SafetensorError, RuntimeError) as error:
        raise BundleError(f"The weights in {folder} cannot be read; store the codec again.") from error
    return Bundle(codec.eval(), card, folder, manifest, protected, _texts(files, folder))


def _save_quietly(codec: NeuralCodec[Any], folder: Path) -> None:
    """`save_pretrained` without the progress bar of transformers. Errors: OSError."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        codec.save_pretrained(folder, save_original_format=False)  # a backbone would be stored under older names
    except SafetensorError as error:  # what safetensors makes of a full disk
        raise OSError(f"The weights cannot be written: {error}") from error
    finally:
        if shown:
            logging.enable_progress_bar()


def _plain(name: str) -> bool:
    """Whether this is the name of a file in the folder itself."""
    return Path(name).name == name and name not in ("", "..")


def _checked_files(folder: Path) -> tuple[dict[str, bytes], dict[str, bytes], bytes]:
    """Every file that the manifest names, those protected files that are there, and the manifest, read once.

    Errors: BundleError.
    """
    if not folder.is_dir():
        raise BundleError(f"There is no folder {folder}; make a stored codec with: semlink train.")
    try:
        manifest = read_bytes(folder / MANIFEST, MANIFEST_MOST)
    except OSError as error:
        raise BundleError(f"{folder} has no {MANIFEST}, so it is not a stored codec; give one that is.") from error
    files: dict[str, bytes] = {}
    protected: dict[str, bytes] = {}
    try:
        stored = json_of(manifest, dict)
        if stored["format"] not in (FORMAT, FIRST_FORMAT):
            raise BundleError(f"{folder} has the format {cut(stored['format'])}; this semlink reads {FORMAT}.")
        tables = {kind: _digest_table(stored[kind]) for kind in ("files", "accounts", "protected") if kind in stored}
        for name in (*tables["files"], *tables.get("accounts", {})):
            if not _plain(name) or name in files:
                raise ValueError("a path, not a file name, or a file twice")
            files[name] = _content(folder / name)
        for name in tables.get("protected", {}):
            if not _plain(name) or name in files:
                raise ValueError("a path, not a file name, or a file twice")
            with contextlib.suppress(FileNotFoundError, PermissionError):  # not deployed, or not readable for this user
                protected[name] = _content(folder / name)
        present = {**files, **protected}
        expected = {**stored, **{kind: _digests(table, present) for kind, table in tables.items()}}
        changed = _written(expected) != manifest
    except FileNotFoundError as error:
        raise BundleError(f"{folder} has lost its file {cut(name)}; fetch or store the codec again.") from error
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise BundleError(
            f"{folder} cannot be used for its file {cut(name)} ({reason}); fetch or store the codec again."
        ) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{folder / MANIFEST} is damaged; fetch or store the codec again.") from error
    if changed:
        raise BundleError(
            f"{folder} was changed after it was stored: {cut(_changed({**files, **protected}, stored))} differs."
        )
    return files, protected, manifest


def _digest_table(table: object) -> dict[str, str]:
    """Names of files and their digests. Errors: ValueError when it is none, or one of too many."""
    if (
        not isinstance(table, dict)
        or len(table) > FILES_MOST
        or not all(isinstance(one, str) for one in table.values())
    ):
        raise ValueError("no table of digests")
    return table


def _content(path: Path) -> bytes:
    """The bytes of a file of a stored codec. Errors: OSError when it is no regular file of a sensible size."""
    return read_bytes(path, WEIGHTS_MOST if path.name == WEIGHTS or path.suffix == ONNX else FILE_MOST)


def _configuration(kind: type[CodecConfig], config: Mapping[str, Any], tensors: int, folder: Path) -> CodecConfig:
    """The configuration of a stored codec: our own fields, and the facts of its backbone.

    In:     tensors: how many weights are stored, so that nothing is built of which there are none.
    Errors: BundleError, WrongField.
    """
    own = kind.own_fields()
    for unknown in sorted(config.keys() - own.keys() - WRITTEN):
        raise BundleError(f'The {CONFIG} of {folder} has a field "{cut(unknown)}", which no codec has; store it again.')
    settings = kind(**{name: config[name] for name in own if name in config})
    for count in COUNTS:
        if getattr(settings, count, 0) > tensors and getattr(settings, "backbone", None) is None:
            raise BundleError(f"The weights in {folder} do not fit its {CONFIG}: there are not so many {count}.")
    settings.architectures = _words(config.get("architectures"))
    settings.dtype = torch.float32
    if "backbone_facts" in config:
        if not isinstance(config["backbone_facts"], dict):
            raise BundleError(f"The {CONFIG} of {folder} has no facts of its backbone; store the codec again.")
        settings.backbone_facts = config["backbone_facts"]
    return settings


def _words(value: object) -> list[str] | None:
    return [str(word)[:100] for word in value[:8]] if isinstance(value, list) else None


def _texts(files: Mapping[str, bytes], folder: Path) -> dict[str, str]:
    """The text files of a bundle beside those that are read here. Errors: BundleError when one is no text."""
    try:
        return {
            name: content.decode()
            for name, content in files.items()
            if name not in (WEIGHTS, CONFIG, CARD, MAKING) and not name.endswith(ONNX)
        }
    except UnicodeDecodeError as error:
        raise BundleError(f"A text in {folder} is not UTF-8; fetch or store the codec again.") from error


def _manifest(
    files: Mapping[str, bytes], protected: Mapping[str, str] | None = None, accounts: Sequence[str] = (MAKING, README)
) -> bytes:
    """The manifest of some files.

    In: protected: name and digest of the files that may be missing. accounts: the names of those that are no part of
        what the codec is.
    """
    digests = {name: _sha256(content) for name, content in files.items()}
    return _written(
        {
            "format": FORMAT,
            "files": {name: digest for name, digest in digests.items() if name not in accounts},
            "accounts": {name: digest for name, digest in digests.items() if name in accounts},
            "protected": protected or {},
        }
    )


def _digests(stored: Mapping[str, str], files: Mapping[str, bytes]) -> dict[str, str]:
    """The digests of files as they are; of those that are not there, as stored."""
    return {name: _sha256(files[name]) if name in files else stored[name] for name in stored}


def _written(manifest: Mapping[str, Any]) -> bytes:
    """The one way to write a manifest, so that a changed byte of it shows as well."""
    content: dict[str, Any] = {"format": manifest["format"]}
    for kind in ("files", "accounts", "protected"):
        if manifest.get(kind):
            content[kind] = dict(sorted(manifest[kind].items()))
    if (
        "protected" in content
    ):  # where a protected file is not deployed, no file would show a changed byte of its digest
        content["protected_digest"] = _sha256(json.dumps(content["protected"]).encode())
    return (json.dumps(content, indent=2) + "\n").encode()


def _as_json(content: object) -> str:
    return json_text(content, 2, escape=False) + "\n"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _changed(files: Mapping[str, bytes], stored: Mapping[str, Any]) -> str:
    digests = {**stored["files"], **stored.get("accounts", {}), **stored.get("protected", {})}
    return next((name for name in sorted(files) if _sha256(files[name]) != digests[name]), MANIFEST)


def _compare(expected: Mapping[str, Tensor], stored: Mapping[str, StoredTensor], folder: Path) -> None:
    """Checks names, shapes and types of stored weights. Errors: BundleError."""
    for name in sorted(expected.keys() | stored.keys()):
        wanted, given = _form(expected.get(name)), _stored_form(stored.get(name))
        if wanted != given:
            raise BundleError(f"The weights in {folder} do not fit its {CONFIG}: {cut(name)} is {given}, not {wanted}.")


def _form(tensor: Tensor | None) -> str:
    return "missing" if tensor is None else f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"


def _stored_form(tensor: StoredTensor | None) -> str:
    return "missing" if tensor is None else f"{KINDS[tensor.kind]} {list(tensor.shape)}"


def _kind(given: object) -> type[NeuralCodec[Any]] | None:
    """The codec with this type in its configuration; those of plug-ins are looked at last. Errors: ValueError."""
    if not isinstance(given, str):
        raise ValueError("the type of the codec is no text")
    name = given.removeprefix("semlink-")
    if name in IMPORTED and _type_of(IMPORTED[name]) == given:
        return IMPORTED[name]
    if name in CODECS.own() and _type_of(CODECS[name]) == given:
        return CODECS[name]
    return next((entry for entry in CODECS.usable().values() if _type_of(entry) == given), None)


def _plugins_on(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The plug-ins that a card names, as its maker wrote them. Nothing is looked for or opened."""
    entries = card.get("plugins")
    return [entry for entry in entries[:8] if isinstance(entry, dict)] if isinstance(entries, list) else []


def _type_of(codec: type[NeuralCodec[Any]]) -> str:
    return codec.config_class.model_type
