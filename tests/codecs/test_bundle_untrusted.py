"""A bundle is somebody else's word: it opens no socket, builds nothing that it does not hold, and waits for nothing."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semlink.codecs import CODECS
from semlink.codecs.backbone_configuration import checked_configuration
from semlink.codecs.bundle import _manifest, load_bundle, save_bundle
from semlink.codecs.configuration import LARGEST, LARGEST_WHOLE
from semlink.codecs.pretrained import load_pretrained
from semlink.errors import BundleError, CodecError

BACKBONES = ("text on bert", "text on roberta", "text on t5", "image on vit", "image on vit_mae")
EVERY = [*CODECS, "autoregressive text", *BACKBONES]
FOREIGN: list[dict[str, Any]] = [
    *({"model_type": kind, "backbone": "someone/something"} for kind in ("dpt", "upernet", "detr", "zoedepth")),
    {"model_type": "depth_anything", "backbone": "someone/something"},
    {"backbone": "someone/something"},
    {"use_pretrained_backbone": True},
    {"attn_implementation": "org/kernel"},
    {"_attn_implementation": "org/kernel"},
    {"auto_map": {"AutoModel": "someone/something--code.Model"}},
    {"trust_remote_code": True},
    {"quantization_config": {"quant_method": "bitsandbytes"}},
    {"hidden_act": "org/kernel"},
    {"dense_act_fn": "org/kernel", "feed_forward_proj": "org/kernel"},
]


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was asked for")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


def forge(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Changes a JSON file of a bundle, and writes a manifest that agrees."""
    (folder / name).write_text(json.dumps(change(json.loads((folder / name).read_bytes()))))
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}
    (folder / "manifest.json").write_bytes(_manifest(files))


@pytest.mark.parametrize("case", EVERY, indirect=True)
def test_every_kind_loads_without_a_socket(case: Any, tmp_path: Path, no_sockets: None) -> None:
    save_bundle(case.codec(), {}, tmp_path / "codec")
    load_bundle(tmp_path / "codec")


@pytest.mark.parametrize("case", BACKBONES, indirect=True)
@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
def test_a_backbone_names_nothing_foreign(case: Any, foreign: dict[str, Any], tmp_path: Path, no_sockets: None) -> None:
    """It is refused, or, where its network has no such field, stays as it was."""
    folder = tmp_path / "codec"
    save_bundle(case.codec(), {}, folder)

    def change(config: dict[str, Any]) -> dict[str, Any]:
        facts = config["backbone_facts"]
        return {**config, "backbone_facts": {**facts, "config": {**facts["config"], **foreign}}}

    forge(folder, "config.json", change)
    if set(foreign) & {"hidden_act", "dense_act_fn"} and not set(foreign) & set(case.codec().config.facts["config"]):
        load_bundle(folder)
        return
    with pytest.raises(BundleError):
        load_bundle(folder)


@pytest.mark.parametrize("case", EVERY, indirect=True)
def test_a_codec_names_nothing_foreign(case: Any, tmp_path: Path, no_sockets: None) -> None:
    for number, foreign in enumerate(FOREIGN[5:]):
        folder = tmp_path / f"codec-{number}"
        save_bundle(case.codec(), {}, folder)
        if set(foreign) == {"backbone"} and "backbone" in case.codec().config.own_fields():
            continue  # of a codec with a backbone it is the name that its maker gave; it is never looked up
        forge(folder, "config.json", lambda config, foreign=foreign: {**config, **foreign})
        with pytest.raises(BundleError):
            load_bundle(folder)


@pytest.mark.parametrize("case", EVERY, indirect=True)
def test_sizes_without_end_are_refused_at_once(case: Any, tmp_path: Path) -> None:
    codec = case.codec()
    sizes = [name for name, (kind, _) in codec.config.own_fields().items() if kind in (int, int | None)]
    assert sizes
    for name in sizes:
        for size in (10**9, 2**40, LARGEST.get(name, LARGEST_WHOLE) + 1):
            folder = tmp_path / f"{name}-{size}"
            save_bundle(codec, {}, folder)
            forge(folder, "config.json", lambda config, name=name, size=size: {**config, name: size})
            with pytest.raises(BundleError, match="at most"):
                load_bundle(folder)


@pytest.mark.parametrize("name", ["config.json", "card.json", "manifest.json", "model.safetensors"])
def test_a_pipe_an_endless_device_and_a_huge_file_are_refused(text: Any, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "codec"
    save_bundle(text.codec(), {}, folder)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(BundleError):
        load_bundle(folder)
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    with pytest.raises(BundleError):
        load_bundle(folder)
    (folder / name).unlink()
    with (folder / name).open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BundleError):
        load_bundle(folder)


def test_a_link_to_a_file_is_taken(text: Any, tmp_path: Path) -> None:
    folder = tmp_path / "codec"
    save_bundle(text.codec(), {}, folder)
    (folder / "model.safetensors").rename(tmp_path / "weights")
    (folder / "model.safetensors").symlink_to(tmp_path / "weights")
    load_bundle(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"padding": {"strategy": {"Fixed": 2**40}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                     "pad_type_id": 0, "pad_token": "<pad>"}},
        {"normalizer": {"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": []}]}},
        {"normalizer": {"type": "Replace", "pattern": {"String": "e"}, "content": "ee"}},
        {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Removed", "invert": True}},
        {"model": {"type": "WordLevel", "vocab": {"<pad>": 0, "<unk>": 2**40}, "unk_token": "<unk>"}},
        {"model": []}, {"added_tokens": [{}]}, {"surplus": 1},
    ],
    ids=str,
)  # fmt: skip
def test_rules_that_we_do_not_write_are_refused(text: Any, tmp_path: Path, change: dict[str, Any]) -> None:
    folder = tmp_path / "codec"
    save_bundle(text.codec(), {}, folder)
    forge(folder, "tokenizer.json", lambda content: {**content, **change})
    with pytest.raises(BundleError, match="vocabulary"):
        load_bundle(folder)


def test_a_mistyped_folder_is_no_name_on_the_hub(no_sockets: None) -> None:
    for name in ("someone/something", "bert-base-uncased", "./tiny", "/nowhere/tiny"):
        with pytest.raises(CodecError, match="There is no folder"):
            load_pretrained(name, "text")
    for name in ("hub:bert", "hub:someone/something", "hub:../x@main", "hub:"):
        with pytest.raises(CodecError, match="hub:owner/name@revision"):
            load_pretrained(name, "text")


def test_fields_that_a_network_lacks_are_left_out() -> None:
    config = {"model_type": "vit", "hidden_size": 16, "task_specific_params": {"a": 1}, "num_labels": 10**9}
    assert checked_configuration(config, "image", "it") == {"model_type": "vit", "hidden_size": 16}
