"""Public pretrained encoders: read from a folder or the hub, and built again from their configuration alone."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from logging import CRITICAL
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import MODEL_FOR_TEXT_ENCODING_MAPPING, AutoConfig, AutoModel, AutoModelForTextEncoding
from transformers.utils import logging

from semlink.errors import CodecError

Kind = Literal["text", "image"]
CONFIG, TOKENIZER, PREPROCESSOR = "config.json", "tokenizer.json", "preprocessor_config.json"
VISION = ("image_size", "patch_size", "num_channels")  # what the configuration of a vision encoder has
NOT_ARCHITECTURE = ("_name_or_path", "architectures", "dtype", "id2label", "label2id", "transformers_version")


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
        """The text of a file that came with it; None where there is none."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else None


def load_pretrained(name: str, kind: Kind, download: bool = True) -> Pretrained:
    """Reads an encoder with its weights; only JSON and safetensors are read, and nothing is executed.

    In:     name: a folder, or where there is none and `download` allows it, a name on the Hugging Face hub.
    Errors: CodecError when it is not found, of another kind, or damaged.
    """
    folder = _folder_of(name, download)
    with quietly(), torch.random.fork_rng(devices=[]):  # transformers draws the weights of parts that a file lacks
        try:
            settings = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise CodecError(
                f"{name} has no {CONFIG} of a model that transformers knows; give one that has."
            ) from error
        _check_kind(settings, kind, name)
        settings._attn_implementation = None  # a file could name code of the hub here; the default is our choice
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
    config = {key: value for key, value in network.config.to_dict().items() if key not in NOT_ARCHITECTURE}
    lacking = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    if lacking:
        raise CodecError(f"The weights of {name} lack {lacking[0]}; fetch it again, or choose another backbone.")
    network = _trimmed(network).eval()
    if len(list(network.named_parameters(remove_duplicate=False))) > len(list(network.parameters())):
        raise CodecError(f"{name} uses some weights under two names, which cannot be stored; choose another backbone.")
    return Pretrained(network, json.loads(json.dumps(config)), name, folder)


def build_network(config: Mapping[str, Any], kind: Kind) -> nn.Module:
    """The network of that configuration, with random weights. Errors: CodecError when transformers does not know it."""
    try:
        with quietly():
            settings = AutoConfig.for_model(**config)
            settings._attn_implementation = None
            network: nn.Module = _family(kind).from_config(settings, trust_remote_code=False)
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError, RuntimeError) as error:
        raise CodecError(
            f'A backbone of the type "{config.get("model_type")}" cannot be built from its configuration; '
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


def _check_kind(settings: Any, kind: Kind, name: str) -> None:
    if kind == "text" and type(settings) not in MODEL_FOR_TEXT_ENCODING_MAPPING:
        expected = "a text encoder; give one such as bert, roberta or t5"
    elif kind == "image" and not all(hasattr(settings, field) for field in VISION):
        expected = "a vision encoder of patches; give one such as vit or vit_mae"
    else:
        return
    raise CodecError(f'{name} is a model of the type "{settings.model_type}", not {expected}.')


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
    if folder.is_dir():
        return folder
    if not download or folder.is_absolute() or name.startswith(".") or name.count("/") > 1:
        raise CodecError(f"There is no folder {name}; give one with {CONFIG} and model.safetensors.")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=[CONFIG, TOKENIZER, PREPROCESSOR, "model*.safetensors*"]))
    except (OSError, ValueError, RuntimeError) as error:  # no network, no such name, no permission
        raise CodecError(
            f"{name} is no folder here, and it could not be had from the hub; check the name and the network, or give "
            "the folder of a downloaded model."
        ) from error
