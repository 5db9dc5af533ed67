"""A copy for others holds everything but what is for the owner of the data alone."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from semlink.codecs.bundle import load_bundle
from semlink.errors import RecipeError
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.experiments.workflow.sharing import share

OWNERS = {"records.json", "requests.json"}


def test_a_shared_codec_works_without_the_owners_files(semlink: Callable, shelf: Path, tmp_path: Path) -> None:
    ended = semlink("share", shelf / "erased", "--out", tmp_path / "copy")
    assert ended.status == 0
    assert all(name in ended.out for name in OWNERS)
    names = {path.name for path in (shelf / "erased").iterdir()}
    assert {path.name for path in (tmp_path / "copy").iterdir()} == names - OWNERS
    assert load_bundle(tmp_path / "copy").digest() == load_bundle(shelf / "erased").digest()


def test_a_shared_run_can_be_drawn_but_not_repeated(semlink: Callable, shelf: Path, tmp_path: Path) -> None:
    """The request is in full in one file alone, which stays at home."""
    settings = ("--snr", "6", "--set", "records=8", "--set", "draws=1", "--workers", "1")
    codecs = (shelf / "text", "--request", shelf / "fox.json")
    assert semlink("sweep", *codecs, "--out", tmp_path / "run", *settings).status == 0
    assert (tmp_path / "run" / "requests.json").stat().st_mode & 0o777 == 0o600
    assert "fox" in (tmp_path / "run" / "requests.json").read_text()
    assert RunFolder.open(tmp_path / "run").plan.request["selection"]["values"] == ["fox"]
    share(tmp_path / "run", tmp_path / "copy")
    assert not any(path.name.startswith(".") for path in (tmp_path / "copy").rglob("*"))
    for path in (tmp_path / "copy").rglob("*"):
        assert path.is_dir() or b"A test." not in path.read_bytes()
        assert path.is_dir() or path.suffix == ".png" or b'fox"' not in path.read_bytes()
    assert semlink("report", tmp_path / "copy").status == 0
    ended = semlink("run", tmp_path / "copy", "--out", tmp_path / "again")
    assert ended.status == 2
    assert "put back requests.json" in ended.err


@pytest.mark.parametrize("manifest", ["[]", "nonsense", "", '{"protected": null}', '{"protected": []}'])
def test_a_damaged_codec_is_not_shared(semlink: Callable, shelf: Path, tmp_path: Path, manifest: str) -> None:
    """Whatever its manifest says, the owner's files are not copied."""
    shutil.copytree(shelf / "erased", tmp_path / "erased")
    (tmp_path / "erased" / "manifest.json").write_text(manifest)
    ended = semlink("share", tmp_path / "erased", "--out", tmp_path / "copy")
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("name", ["text.yaml", "nothing", "."])
def test_what_cannot_be_shared(shelf: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(RecipeError, match="neither a stored codec nor"):
        share(shelf / name, tmp_path / "copy")
    (tmp_path / "full").mkdir()
    with pytest.raises(RecipeError, match="is there already"):
        share(shelf / "text", tmp_path / "full")
