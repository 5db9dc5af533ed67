"""A stored codec whose bytes were changed is refused in one sentence; nothing is run and nothing half loaded."""

import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from semlink.codecs.building import new_codec
from semlink.codecs.bundle import _manifest, load_bundle, save_bundle
from semlink.codecs.manifest import MANIFEST
from semlink.errors import BundleError

CARD = {"source": {"name": "toy", "digest": "sha256:0"}, "seed": 0}
IMAGE = {"d_model": 4, "heads": 1, "feed_forward": 4, "encoder_layers": 1, "decoder_layers": 1, "bandwidth_ratio": 0.1}
TEXT = {**IMAGE, "symbols_per_token": 1, "max_length": 4}


@pytest.fixture(params=["image", "text"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The smallest stored codec of each kind, with a protected file."""
    fields = {name: value for name, value in TEXT.items() if request.param == "image" or name != "bandwidth_ratio"}
    if request.param == "image":
        codec = new_codec("image", IMAGE, [np.zeros((4, 4), np.uint8)], 0)
    else:
        codec = new_codec("text", fields, ["a codec forgets", "the channel remembers"], 0)
    save_bundle(codec, CARD, tmp_path / "codec", {"request.json": "{}\n"}, {"codes.bin": bytes(range(64))})
    load_bundle(tmp_path / "codec")
    return tmp_path / "codec"


def refused(folder: Path) -> str:
    """The sentence with which a folder is refused."""
    with pytest.raises(BundleError) as refusal:
        load_bundle(folder)
    sentence = str(refusal.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "!"))
    assert sentence.count(". ") == 0 or ";" in sentence
    return sentence


def corrupt(folder: Path, count: int) -> None:
    """Changes one byte anywhere, so often: half of the places are drawn over all bytes, the others over all files."""
    paths = sorted(folder.iterdir())
    assert MANIFEST in {path.name for path in paths}
    contents = [path.read_bytes() for path in paths]
    sizes = np.array([len(content) for content in contents])
    generator = np.random.default_rng(0)
    hit = set()
    for turn in range(count):
        index = int(generator.choice(len(paths), p=sizes / sizes.sum() if turn % 2 else None))
        broken = bytearray(contents[index])
        broken[int(generator.integers(0, sizes[index]))] ^= int(generator.integers(1, 256))
        paths[index].write_bytes(broken)
        refused(folder)
        paths[index].write_bytes(contents[index])
        hit.add(paths[index].name)
    assert hit == {path.name for path in paths}
    load_bundle(folder)


def test_changed_bytes_are_refused(folder: Path) -> None:
    corrupt(folder, 1000)


@pytest.mark.slow
def test_ten_thousand_changed_bytes_are_refused(folder: Path) -> None:
    corrupt(folder, 10_000)


def test_every_byte_of_the_manifest_counts(folder: Path) -> None:
    """Also where the protected file was left at home, so that nothing but the manifest speaks of it."""
    (folder / "codes.bin").unlink()
    load_bundle(folder)
    whole = (folder / MANIFEST).read_bytes()
    for place in range(len(whole)):
        (folder / MANIFEST).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        refused(folder)


def test_cut_and_continued_files_are_refused(folder: Path) -> None:
    """Of every file: nothing, all but a byte, and 20 lengths between; and a byte more."""
    generator = np.random.default_rng(1)
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        for length in {0, len(content) - 1, *generator.integers(0, len(content), 20).tolist()}:
            path.write_bytes(content[:length])
            refused(folder)
        path.write_bytes(content + b"\n")
        refused(folder)
        path.write_bytes(content)
    load_bundle(folder)


def test_swapped_files_are_refused(folder: Path) -> None:
    """The files of a bundle under each other's names: every byte is known, but none is where it belongs."""
    paths = sorted(folder.iterdir())
    contents = [path.read_bytes() for path in paths]
    for shift in range(1, len(paths)):
        for path, content in zip(paths, contents[shift:] + contents[:shift], strict=True):
            path.write_bytes(content)
        refused(folder)


def seal(folder: Path) -> None:
    """Writes a manifest that agrees with the files, as a skilled forger would."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}
    (folder / MANIFEST).write_bytes(_manifest(files))


def _reshaped(tensors: dict[str, torch.Tensor], name: str) -> None:
    tensors[name] = tensors[name].flatten() if tensors[name].dim() > 1 else tensors[name].unsqueeze(0)


def _longer(tensors: dict[str, torch.Tensor], name: str) -> None:
    tensors[name] = torch.cat([tensors[name], tensors[name]])


def _double(tensors: dict[str, torch.Tensor], name: str) -> None:
    tensors[name] = tensors[name].double()


def _renamed(tensors: dict[str, torch.Tensor], name: str) -> None:
    tensors[f"{name}_"] = tensors.pop(name)


def _surplus(tensors: dict[str, torch.Tensor], name: str) -> None:
    tensors[f"{name}.surplus"] = torch.zeros(1)


@pytest.mark.parametrize("change", [_reshaped, _longer, _double, _renamed, _surplus])
def test_weights_that_do_not_fit_are_refused_by_name(
    folder: Path, change: Callable[[dict[str, torch.Tensor], str], None]
) -> None:
    """Sealed anew, so that only names, shapes and types can tell: for every tensor there is."""
    path = folder / "model.safetensors"
    whole = load_file(path)
    for name in whole:
        tensors = dict(whole)
        change(tensors, name)
        save_file(tensors, path)
        seal(folder)
        assert name in refused(folder)


def _foreign_pickle(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


def _foreign_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes((2**62).to_bytes(8, "little") + b"{}")


def _foreign_torch(folder: Path) -> None:
    torch.save({"weights": torch.zeros(3)}, folder / "model.safetensors")


def _foreign_config(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 16}))


def _config_that_is_a_list(folder: Path) -> None:
    (folder / "config.json").write_text("[]")


def _card_that_is_no_json(folder: Path) -> None:
    (folder / "card.json").write_text("{'seed': 0}")


@pytest.mark.parametrize(
    "change",
    [_foreign_pickle, _foreign_header, _foreign_torch, _foreign_config, _config_that_is_a_list, _card_that_is_no_json],
)
def test_foreign_files_are_refused(folder: Path, change: Callable[[Path], None]) -> None:
    change(folder)
    seal(folder)
    assert re.search(re.escape(str(folder)), refused(folder))


def test_manifests_of_others_are_refused(folder: Path, tmp_path: Path) -> None:
    """A manifest that names files elsewhere, or belongs to another bundle, or says the same in other bytes."""
    outside = tmp_path / "outside.json"
    outside.write_text("{}")
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    whole = (folder / MANIFEST).read_bytes()
    for name in ("../outside.json", str(outside), ".", "..", "a/../config.json", "", "nul\0"):
        for part in ("files", "protected"):
            changed = {**manifest, part: {**manifest[part], name: "0" * 64}}
            (folder / MANIFEST).write_text(json.dumps(changed, indent=2) + "\n")
            refused(folder)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    refused(folder)
    (folder / MANIFEST).write_bytes(whole)
    load_bundle(folder)


def test_a_folder_in_place_of_a_file_is_refused(folder: Path) -> None:
    for name in ("config.json", "model.safetensors", "codes.bin"):
        whole = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).mkdir()
        refused(folder)
        (folder / name).rmdir()
        (folder / name).write_bytes(whole)
    load_bundle(folder)
