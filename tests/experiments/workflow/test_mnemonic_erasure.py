"""A class is erased from a stored codec after its data are gone, and only with its codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from semlink.codecs.bundle import load_bundle
from semlink.errors import SourceError
from semlink.experiments.workflow import training_records
from semlink.unlearning.methods.mnemonic.codes import CODES_FILE, MnemonicCodes

RECIPE: dict[str, Any] = {
    "experiment": "tiny-classifier",
    "source": "digits",
    "codec": {"name": "task", "encoder": "mlp", "hidden": 16},
    "training": {"steps": 12, "batch": 16, "warmup": 2, "validate": 6, "mnemonic": 0.3},
    "seed": 4,
}


@pytest.fixture(scope="module")
def make(semlink: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Trains a codec whose training differs in some fields, and returns the folder of the bundle."""

    def train(name: str, start: Path | None = None, **fields: object) -> Path:
        folder = tmp_path_factory.mktemp(name)
        recipe = {**RECIPE, "training": {**RECIPE["training"], **fields}} | ({"start": str(start)} if start else {})
        (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
        ended = semlink("train", folder / "recipe.yaml", "--out", folder / "original")
        assert ended.status == 0, ended.err
        assert {path.name for path in folder.iterdir()} == {"recipe.yaml", "original"}
        return folder / "original"

    return train


@pytest.fixture(scope="module")
def original(make: Callable[..., Path]) -> Path:
    return make("seeded")


@pytest.fixture
def ask(
    semlink: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Any, Path]]:
    """Erases classes from a stored codec where its data cannot be read any more."""

    def erase(folder: Path, *labels: int, method: str = "mnemonic", by: str = "label") -> tuple[Any, Path]:
        content = {"id": "gone", "time": "2026-03-01", "reason": "A test."}
        request, out = tmp_path / "request.json", tmp_path / f"{folder.name}-without-{'-'.join(map(str, labels))}"
        request.write_text(json.dumps({**content, "selection": {"by": by, "values": list(labels)}}))
        with monkeypatch.context() as patch:
            patch.setattr(training_records, "build_source", gone)
            return semlink("erase", folder, "--request", request, "--method", method, "--out", out), out

    def gone(*_: object) -> None:
        raise SourceError("The records were deleted.")

    return erase


def test_codes_are_stored_for_their_owner_alone(original: Path) -> None:
    assert (original / CODES_FILE).stat().st_mode & 0o777 == 0o600
    codes = MnemonicCodes.restored(load_bundle(original).protected[CODES_FILE])
    assert torch.equal(codes.signals, MnemonicCodes.drawn(10, (1, 8, 8), RECIPE["seed"]).signals)


def test_secret_codes_cannot_be_drawn_again(make: Callable[..., Path], original: Path) -> None:
    secret = make("secret", codes="secret")
    bundle = load_bundle(secret)
    codes = MnemonicCodes.restored(bundle.protected[CODES_FILE])
    assert (secret / CODES_FILE).stat().st_mode & 0o777 == 0o600
    assert codes.digest() != MnemonicCodes.restored(load_bundle(original).protected[CODES_FILE]).digest()
    open_to_all = {path.name: path.read_bytes() for path in secret.iterdir() if path.name != CODES_FILE}
    assert not any(codes.signals[0].numpy().tobytes() in content for content in open_to_all.values())


def test_a_class_is_erased_after_its_data_are_gone(original: Path, ask: Callable[..., tuple[Any, Path]]) -> None:
    """The new version keeps the codes of the others, so that another class can go, and the same one cannot again."""
    ended, out = ask(original, 3)
    assert ended.status == 0, ended.err
    before, after = load_bundle(original), load_bundle(out)
    assert after.card["parent"] == before.digest()
    told = json.loads((out / "erasure.json").read_text())
    assert (told["forgotten_records"], told["read_records"], told["mean_loss"]) == (None, {}, [])
    assert (told["steps"], told["samples"]) == (10, 10)
    changed = [
        not torch.equal(value, after.codec.state_dict()[name]) for name, value in before.codec.state_dict().items()
    ]
    assert any(changed)
    assert MnemonicCodes.restored(after.protected[CODES_FILE]).labels.tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert (out / CODES_FILE).stat().st_mode & 0o777 == 0o600
    again, _ = ask(out, 3)
    assert (again.status, "was carried out on" in again.err) == (2, True)
    ended, out = ask(out, 8)
    assert ended.status == 0, ended.err
    assert MnemonicCodes.restored(load_bundle(out).protected[CODES_FILE]).labels.tolist() == [0, 1, 2, 4, 5, 6, 7, 9]


def test_without_its_codes_a_codec_works_but_cannot_forget(
    make: Callable[..., Path], ask: Callable[..., tuple[Any, Path]]
) -> None:
    deployed = make("deployed")
    digest = load_bundle(deployed).digest()
    (deployed / CODES_FILE).unlink()
    assert load_bundle(deployed).digest() == digest
    ended, out = ask(deployed, 3)
    assert ended.status == 2
    assert ended.err.count("\n") == 1
    assert f"put {CODES_FILE} back beside the stored codec" in ended.err
    assert not out.exists()


def test_what_needs_data_says_so(original: Path, ask: Callable[..., tuple[Any, Path]]) -> None:
    for labels, fields, words in (
        ((3,), {"method": "finetune"}, "The records were deleted."),
        ((3,), {"by": "owner"}, "select by label"),
        (tuple(range(10)), {}, "narrow its selection"),
        ((17,), {}, 'has no label "17"'),
    ):
        ended, _ = ask(original, *labels, **fields)
        assert ended.status == 2
        assert words in ended.err


def test_a_codec_learns_codes_after_its_training(
    make: Callable[..., Path], ask: Callable[..., tuple[Any, Path]]
) -> None:
    """Trained from a stored codec: open to a method without data, closed to one that would retrain from nothing."""
    plain = make("plain", mnemonic=0.0)
    assert not (plain / CODES_FILE).exists()
    tuned = make("tuned", start=plain)
    ended, _ = ask(plain, 3)
    assert (ended.status, "train one with mnemonic" in ended.err) == (2, True)
    ended, out = ask(tuned, 3)
    assert ended.status == 0, ended.err
    assert load_bundle(out).card["start"] == load_bundle(plain).digest()
    ended, _ = ask(tuned, 3, method="retrain")
    assert (ended.status, "saw records too" in ended.err) == (2, True)
