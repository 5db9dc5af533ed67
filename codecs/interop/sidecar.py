"""What a radio stack has to know of an exported codec, as JSON beside its files."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from semlink.codecs.ends import Argument, End
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import BundleError
from semlink.files import json_text, sha256_of
from semlink.untrusted import json_of, read_bytes

SIDECAR, FORMAT_MARK = "export.json", "semlink-export-1"


def describe(
    codec: NeuralCodec[Any], ends: Mapping[str, End], files: Mapping[str, str], kind: str, digest: str
) -> dict[str, Any]:
    """The part of the sidecar that is the same for all kinds of codecs.

    In: files: of each end that is exported. kind: the format. digest: of the bundle.
    """
    return {
        "format": FORMAT_MARK,
        "kind": kind,
        "bundle": digest,
        "codec": codec.config.model_type,
        "modality": codec.modality,
        "delivers": codec.delivers,
        "symbols": {
            "layout": (
                "float32 [batch, uses, 2]: in-phase and quadrature part of each complex channel use, in sending order"
            ),
            "used": "bool [batch, uses]: symbols that are not used are 0, are not sent, and count in nothing",
            "power": "the mean of |symbol|^2 over the used symbols of each example is 1; the encoder does this",
            "snr": "Es/N0 in dB per channel use: N0 = 10 ** (-snr_db / 10), of which half is in each real dimension",
            "noise_variance": (
                "float32 [batch, uses]: mean of |estimate - sent symbol|^2 of the equalised symbols that the decoder "
                "gets, as far as the receiver knows it; over an AWGN channel it is N0"
            ),
        },
        "ends": {name: _described(ends[name], files[name]) for name in files},
    }


def _described(end: End, file: str) -> dict[str, Any]:
    return {
        "file": file,
        "inputs": list(map(asdict, end.inputs)),
        "outputs": list(map(asdict, end.outputs)),
        "meaning": end.meaning,
        "most": dict(end.most),
    }


def arguments_of(described: list[dict[str, Any]]) -> tuple[Argument, ...]:
    """Inputs or outputs as the sidecar describes them."""
    return tuple(Argument(entry["name"], entry["kind"], tuple(entry["shape"])) for entry in described)


def write_sidecar(content: Mapping[str, Any], folder: Path) -> None:
    """Adds the digests of all files of an export, and stores the sidecar among them."""
    digests = {str(path.relative_to(folder)): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    text = json_text({**content, "files": digests}, 2, escape=False) + "\n"
    (folder / SIDECAR).write_text(text, encoding="utf-8")


def read_sidecar(folder: Path) -> dict[str, Any]:
    """The sidecar of an export, whose files are as they were. Errors: BundleError when it is none, or was changed."""
    try:
        content: dict[str, Any] = json_of(read_bytes(folder / SIDECAR), dict)
        if content["format"] != FORMAT_MARK:
            raise ValueError("another format")
        if any(Path(name).is_absolute() or ".." in Path(name).parts for name in content["files"]):
            raise ValueError("a file elsewhere")
        changed = [name for name, digest in content["files"].items() if sha256_of(folder / name) != digest]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{folder} is not a whole export; make it again with: semlink export.") from error
    if changed:
        raise BundleError(f"{folder / changed[0]} was changed after the export; make it again with: semlink export.")
    return content
