"""A stored codec comes back exactly, or not at all."""

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from semlink.channels.contract import Reception
from semlink.codecs.bundle import _manifest, load_bundle, save_bundle
from semlink.errors import BundleError

CARD = {"source": {"name": "toy", "digest": "sha256:0"}, "training_snr_db": [0, 18], "seed": 0}


@pytest.fixture
def folder(case: Any, tmp_path: Path) -> Path:
    save_bundle(case.codec(), CARD, tmp_path / "codec", {"request.json": "{}\n"})
    return tmp_path / "codec"


def seal(folder: Path) -> None:
    """Writes a manifest that agrees with the files, as a skilled forger would."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}
    (folder / "manifest.json").write_bytes(_manifest(files))


def test_the_digest_is_of_what_the_codec_is_not_of_how_long_it_took(case: Any, tmp_path: Path) -> None:
    """Two equal makings share it; another card does not; the times are in the card all the same."""
    for name, seconds, seed in (("one", 1.0, 0), ("two", 2.5, 0), ("other", 1.0, 1)):
        card = {**CARD, "seed": seed, "seconds": seconds, "device": name}
        save_bundle(case.codec(), card, tmp_path / name, accounts={"erasure.json": f"{seconds}\n"})
    one, two, other = (load_bundle(tmp_path / name) for name in ("one", "two", "other"))
    assert one.digest() == two.digest() != other.digest()
    assert (one.card["seconds"], two.card["seconds"], two.card["device"]) == (1.0, 2.5, "two")
    assert two.texts["erasure.json"] == "2.5\n"
    (tmp_path / "two" / "erasure.json").write_text("1.0\n")
    with pytest.raises(BundleError, match=r"erasure\.json differs"):
        load_bundle(tmp_path / "two")


def test_bundle_comes_back(case: Any, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = torch.get_rng_state()
    bundle = load_bundle(folder)
    assert torch.equal(before, torch.get_rng_state())
    assert capfd.readouterr() == ("", "")
    codec = case.codec()
    batch = codec.prepare(case.payloads)
    assert torch.equal(bundle.codec.encode(bundle.codec.prepare(case.payloads)).symbols, codec.encode(batch).symbols)
    frame = codec.encode(batch)
    reception = Reception(frame.symbols, torch.full((len(batch), 1), 0.1), frame.mask)
    assert torch.equal(_estimate(bundle.codec, reception), _estimate(codec, reception))
    assert not bundle.codec.training
    assert all(weight.requires_grad for weight in bundle.codec.parameters())
    assert bundle.card == CARD
    assert bundle.digest() == load_bundle(folder).digest()
    assert (folder / "request.json").read_text() == "{}\n"
    assert "sha256:0" in (folder / "README.md").read_text()


def _estimate(codec: Any, reception: Reception) -> torch.Tensor:
    """Words, images or beliefs: the first tensor of an estimate."""
    estimate = codec.decode(reception)
    found: torch.Tensor = estimate if isinstance(estimate, torch.Tensor) else next(iter(vars(estimate).values()))
    return found


def test_storing_is_quiet_and_gives_the_same_bytes_again(
    case: Any, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save_bundle(load_bundle(folder).codec, CARD, tmp_path / "again", {"request.json": "{}\n"})
    assert capfd.readouterr() == ("", "")
    assert load_bundle(tmp_path / "again").digest() == load_bundle(folder).digest()


def test_any_flipped_byte_is_noticed(folder: Path) -> None:
    """60 random places in each file, and the first and last byte."""
    generator = np.random.default_rng(0)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for place in {0, len(whole) - 1, *generator.integers(0, len(whole), 60).tolist()}:
            broken = bytearray(whole)
            broken[place] ^= int(generator.integers(1, 256))
            path.write_bytes(broken)
            with pytest.raises(BundleError):
                load_bundle(folder)
        path.write_bytes(whole)
    load_bundle(folder)


def test_missing_and_cut_files_are_noticed(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        path.unlink()
        with pytest.raises(BundleError, match=path.name):
            load_bundle(folder)
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BundleError, match=path.name):
            load_bundle(folder)
        path.write_bytes(whole)


def test_missing_and_foreign_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="There is no folder"):
        load_bundle(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="not a stored codec"):
        load_bundle(tmp_path)
    for manifest in ("[]", "3", '{"files": 3}', '{"files": [1]}', '{"files": {"../x": ""}}', '{"files": {}}', "\xff"):
        (tmp_path / "manifest.json").write_text(manifest)
        with pytest.raises(BundleError):
            load_bundle(tmp_path)


@pytest.mark.parametrize("change", ["unknown", "missing", "shape", "type", "truncated"])
def test_weights_that_do_not_fit_are_refused(folder: Path, change: str) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = sorted(tensors)[0]
    if change == "unknown":
        tensors["surplus"] = torch.zeros(1)
    elif change == "missing":
        del tensors[name]
    elif change == "shape":
        tensors[name] = torch.zeros(3, 2, 1)
    else:
        tensors[name] = tensors[name].half()
    save_file(tensors, path)
    if change == "truncated":
        path.write_bytes(path.read_bytes()[:-5])
    seal(folder)
    with pytest.raises(BundleError):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [("model_type", "bert"), ("representation_variance", -1), ("variational", "x"), ("representation_variance", "x")],
)
def test_wrong_configurations_are_refused(folder: Path, field: str, value: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, field: value}))
    seal(folder)
    with pytest.raises(BundleError):
        load_bundle(folder)


@pytest.mark.parametrize("name", ["config.json", "card.json", "model.safetensors"])
def test_a_sealed_bundle_without_a_part_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    seal(folder)
    with pytest.raises(BundleError):
        load_bundle(folder)


def test_text_needs_its_own_vocabulary(text: Any, tmp_path: Path) -> None:
    save_bundle(text.codec(), CARD, tmp_path / "a")
    save_bundle(text.codec(vocabulary_size=10), CARD, tmp_path / "b")
    shutil.copy(tmp_path / "b" / "tokenizer.json", tmp_path / "a")
    seal(tmp_path / "a")
    with pytest.raises(BundleError, match="vocabulary"):
        load_bundle(tmp_path / "a")
    (tmp_path / "a" / "tokenizer.json").unlink()
    seal(tmp_path / "a")
    with pytest.raises(BundleError, match="tokenizer"):
        load_bundle(tmp_path / "a")


class Trap:
    """Leaves a file behind when something unpickles it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_pickles_are_not_read(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    seal(folder)
    with pytest.raises(BundleError):
        load_bundle(folder)
    assert not (tmp_path / "sprung").exists()


def test_extra_files_keep_out_of_the_way(case: Any, tmp_path: Path) -> None:
    for name in ("manifest.json", "config.json", "../x", "a/b", ""):
        with pytest.raises(BundleError, match="extra file"):
            save_bundle(case.codec(), CARD, tmp_path / "codec", {name: "text"})
    assert not list(tmp_path.iterdir())


def test_a_stored_codec_is_never_replaced(case: Any, tmp_path: Path) -> None:
    save_bundle(case.codec(), {"version": "old"}, tmp_path / "codec")
    with pytest.raises(OSError, match="not empty"):
        save_bundle(case.codec(), {"version": "new"}, tmp_path / "codec")
    assert load_bundle(tmp_path / "codec").card == {"version": "old"}
    assert len(list(tmp_path.iterdir())) == 1


def test_full_disk_is_an_os_error_and_keeps_the_old_bundle(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the weights are the first file that is too large."""
    program = (
        "import pathlib, resource, sys\n"
        "import numpy as np\n"
        "from semlink.codecs.building import new_codec\n"
        "from semlink.codecs.bundle import load_bundle, save_bundle\n"
        "codec = new_codec('image', {}, [np.zeros((8, 8), np.uint8)], seed=0)\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "save_bundle(codec, {'version': 'old'}, folder)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try:\n"
        "    save_bundle(codec, {'version': 'new'}, folder)\n"
        "except OSError:\n"
        "    print(load_bundle(folder).card['version'], len(list(folder.parent.iterdir())))\n"
    )
    folder = tmp_path / "bundle"
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["old", "1"]


def test_protected_files_may_stay_at_home_but_never_change(case: Any, tmp_path: Path) -> None:
    """With and without them the codec is the same, and so is its digest."""
    folder = tmp_path / "codec"
    save_bundle(case.codec(), CARD, folder, {"request.json": "{}\n"}, {"secret.bin": b"one", "other.bin": b"two"})
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert {name for name, mode in modes.items() if mode == 0o600} == {"secret.bin", "other.bin"}
    assert set(modes.values()) == {0o600, 0o644}
    whole = load_bundle(folder)
    assert whole.protected == {"secret.bin": b"one", "other.bin": b"two"}
    (folder / "secret.bin").write_bytes(b"onE")
    with pytest.raises(BundleError, match=r"secret\.bin differs"):
        load_bundle(folder)
    (folder / "secret.bin").unlink()
    deployed = load_bundle(folder)
    assert deployed.protected == {"other.bin": b"two"}
    assert deployed.digest() == whole.digest()
    manifest = json.loads((folder / "manifest.json").read_text())
    for kept in ({"../x": "0"}, [], {"request.json": "0"}):
        (folder / "manifest.json").write_text(json.dumps({**manifest, "protected": kept}, indent=2) + "\n")
        with pytest.raises(BundleError, match=r"manifest\.json"):
            load_bundle(folder)
    for name in ("config.json", "request.json", "a/b"):
        with pytest.raises(BundleError, match="extra file"):
            save_bundle(case.codec(), CARD, tmp_path / "new", {"request.json": ""}, {name: b""})
    assert not (tmp_path / "new").exists()
