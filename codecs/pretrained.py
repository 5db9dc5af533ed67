"""Public pretrained encoders: read from a folder or the hub, and built again from their configuration alone."""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from logging import CRITICAL
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoModelForTextEncoding
from transformers.utils import logging

from semlink.codecs.backbone_configuration import Kind, checked_configuration
from semlink.errors import CodecError
from semlink.untrusted import cut, json_of, read_bytes

CONFIG, TOKENIZER, PREPROCESSOR = "config.json", "tokenizer.json", "preprocessor_config.json"
VISION = ("image_size", "patch_size", "num_channels")  # what the configuration of a vision encoder has
HUB = re.compile(r"hub:(\w[\w.-]*/\w[\w.-]*)@(\w[\w./-]*)")
FILE_MOST = 64 << 20  # bytes of a tokenizer


@dataclass(frozen=True)
class Pretrained:
    """A pretrained encoder as it was read.

    network:      float32, in evaluation mode; takes ids or pixel values and gives `last_hidden_state`.
    config:       plain data from which `build_network` makes the same network without its weights.
    name, folder: the name that the user gave, and where the files are.
    """

    network: nn.Module
    config: dict[str, Any]
    name: str
    folder: Path

    def digest(self) -> str:
        """SHA-256 of all parameters, by name: "sha256:..."."""
        total = hashlib.sha256()
        for name, parameter in sorted(self.network.named_parameters()):
            total.update(name.encode() + parameter.detach().numpy().tobytes())
        return f"sha256:{total.hexdigest()}"

    def tokenizer(self) -> str:
        """The text of its tokenizer.json. Errors: CodecError when it has none."""
        text = self.file(TOKENIZER)
        if text is None:
            raise CodecError(f"{self.name} has no {TOKENIZER}; save its fast tokenizer beside it.")
        return text

    def file(self, name: str) -> str | None:
        """The text of a file that came with it; None where there is none. Errors: CodecError when it cannot be read."""
        path = self.folder / name
        try:
            return read_bytes(path, FILE_MOST).decode("utf-8-sig") if path.is_file() else None
        except (OSError, UnicodeDecodeError) as error:
            raise CodecError(f"The {name} of {self.name} cannot be read; fetch it again.") from error


def load_pretrained(name: str, kind: Kind, download: bool = True) -> Pretrained:
    """Reads an encoder with its weights; only JSON and safetensors are read, and nothing is executed.

    In:     name: a folder, or where `download` allows it, `hub:owner/name@revision` on the Hugging Face hub.
    Errors: CodecError when it is not found, of another kind, or damaged.
    """
    folder = _folder_of(name, download)
    with quietly(), torch.random.fork_rng(devices=[]):  # transformers draws the weights of parts that a file lacks
        settings = _settings(_configuration_in(folder, name), kind, name)
        if hasattr(settings, "mask_ratio"):
            settings.mask_ratio = 0.0  # a masked autoencoder would send a random quarter of an image
        try:
            network, report = _family(kind).from_pretrained(
                folder,
                config=settings,
                dtype=torch.float32,
                use_safetensors=True,
                output_loading_info=True,
                trust_remote_code=False,
                local_files_only=True,
            )
        except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
            raise CodecError(
                f"The weights of {name} are missing, damaged or not safetensors; fetch it again, or save it with "
                "save_pretrained."
            ) from error
    config = checked_configuration(json.loads(json.dumps(network.config.to_dict())), kind, name)
    lacking = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    if lacking:
        raise CodecError(f"The weights of {name} lack {lacking[0]}; fetch it again, or choose another backbone.")
    network = _trimmed(network).eval()
    if len(list(network.named_parameters(remove_duplicate=False))) > len(list(network.parameters())):
        raise CodecError(f"{name} uses some weights under two names, which cannot be stored; choose another backbone.")
    return Pretrained(network, config, name, folder)


def build_network(config: Mapping[str, Any], kind: Kind) -> nn.Module:
    """The network of that configuration, with random weights. Errors: CodecError when transformers does not know it."""
    try:
        with quietly():
            settings = _settings(config, kind, "The backbone")
            network: nn.Module = _family(kind).from_config(settings, trust_remote_code=False)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CodecError(
            f'A backbone of the type "{cut(config.get("model_type"))}" cannot be built from its configuration; '
            "install the version of transformers that it was made with, or make the codec again."
        ) from error
    return _trimmed(network)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Silences transformers' messages about progress and unused weights; errors are ours."""
    level, shown = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def _family(kind: Kind) -> Any:
    return AutoModelForTextEncoding if kind == "text" else AutoModel


def _configuration_in(folder: Path, name: str) -> dict[str, Any]:
    """The configuration in a folder, as it stands there. Errors: CodecError."""
    try:
        config: dict[str, Any] = json_of(read_bytes(folder / CONFIG), dict)
    except (OSError, ValueError) as error:
        raise CodecError(f"{name} has no {CONFIG} of a model that transformers knows; give one that has.") from error
    foreign = ("attn_implementation", "_attn_implementation")  # published files name the default; it is our choice
    return {key: value for key, value in config.items() if key not in foreign}


def _settings(config: Mapping[str, Any], kind: Kind, name: str) -> Any:
    """A configuration of transformers that names nothing but itself. Errors: CodecError."""
    checked = checked_configuration(config, kind, name)
    try:
        settings = AutoConfig.for_model(**checked)
    except Exception as error:  # each class checks in its own way, and raises errors of several libraries
        raise CodecError(f"The {CONFIG} of {name} has values that do not fit each other; fetch it again.") from error
    if kind == "image" and not all(hasattr(settings, field) for field in VISION):
        raise CodecError(f"{name} is not a vision encoder of patches; give one such as vit or vit_mae.")
    settings._attn_implementation = None
    return settings


def _trimmed(network: nn.Module) -> nn.Module:
    """Leaves what makes `last_hidden_state`, with each tensor under one name, so that it can be stored and checked."""
    if hasattr(network, "shared"):  # of T5: its encoder holds the same word vectors
        network = network.encoder  # type: ignore[assignment]
    if getattr(network, "pooler", None) is not None:
        network.pooler = None  # type: ignore[assignment]
    for module in network.modules():
        # Buffers that transformers does not store would be lost in a network that is built without memory.
        for name, buffer in list(module.named_buffers(recurse=False)):
            module.register_buffer(name, buffer, persistent=True)
    return network


def _folder_of(name: str, download: bool) -> Path:
    folder = Path(name).expanduser()
    if not name.startswith("hub:"):
        if folder.is_dir():
            return folder
        raise CodecError(
            f"There is no folder {cut(name, 200)}; give one with {CONFIG} and model.safetensors, or "
            "hub:owner/name@revision for one on the hub."
        )
    asked = HUB.fullmatch(name)
    if asked is None:
        raise CodecError(f"{cut(name, 200)} names no model on the hub; write hub:owner/name@revision.")
    if not download:
        raise CodecError(f"{cut(name, 200)} is not downloaded here; give the folder of a downloaded model.")
    from huggingface_hub import snapshot_download

    try:
        files = [CONFIG, TOKENIZER, PREPROCESSOR, "model*.safetensors*"]
        return Path(snapshot_download(asked[1], revision=asked[2], allow_patterns=files))
    except (OSError, ValueError, RuntimeError) as error:  # no network, no such name, no permission
        raise CodecError(
            f"{name} could not be had from the hub; check the name and the network, or give the folder of a "
            "downloaded model."
        ) from error
