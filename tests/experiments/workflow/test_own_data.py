"""A user's own data from the recipe to the erasure: paths, requests by owner, deleted files, and what travels."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import semlink as sl
from semlink.errors import CodecError
from semlink.experiments.workflow.recipe_file import load_recipe
from semlink.experiments.workflow.references import found
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.experiments.workflow.sharing import share
from semlink.simulator.batches import Batches
from tests.simulator.picture_files import save_pictures

EXTEND = Path(__file__).resolve().parents[3] / "docs" / "extend"
RECIPE = """
experiment: own
source: {name: image-folder, path: data/people, crop: 8}
codec: image:patch=4,d_model=16,feed_forward=16,heads=2
training: {steps: 4, batch: 8, validate: 2}
"""


def write_metadata(folder: Path, owners: dict[str, str]) -> None:
    lines = [f"{name},{owner},{'only-ann' if owner == 'Ann' else 'others'}" for name, owner in owners.items()]
    (folder / "metadata.csv").write_text("file_name,owner,label\n" + "\n".join(lines) + "\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A recipe beside 60 images of mixed sizes, ten of which are Ann's, the only ones of their class."""
    people = tmp_path / "project" / "data" / "people"
    names = [path.name for path in save_pictures(people, 60)]
    for path in save_pictures(people / "x", 20, first=100, height=12, width=16):
        path.rename(people / path.name)
    write_metadata(people, {name: "Ann" if number % 6 == 0 else "Bob" for number, name in enumerate(names)})
    (tmp_path / "project" / "own.yaml").write_text(RECIPE)
    return tmp_path / "project"


def test_a_request_by_owner_holds_when_her_files_are_gone(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    original = sl.train("project/own.yaml", "original")
    assert original.card["source"]["labels"] == ["only-ann", "others"]
    request = sl.ErasureRequest.of("owner", "Ann", reason="An example.")
    assert sl.records("original", request).counts()["train"] > 0
    erased = sl.erase(original, request, "erased", method="finetune")
    people = project / "data" / "people"
    for record in [record for part in sl.records("original", request).splits.values() for record in part]:
        (people / record.id).unlink()
    write_metadata(people, {path.name: "Bob" for path in sorted(people.glob("*.png"))})
    results = sl.sweep(erased, snr_db=[6], overrides=["records=4", "draws=1"])
    assert {row.set for row in results} == {"test"}
    bob = sl.ErasureRequest.of("id", "001.png", reason="A second one.")
    if any(record.id == "001.png" for record in sl.records("erased").splits["train"]):
        assert sl.erase(erased, bob, "twice", method="retrain").carries(request)


def test_places_do_not_travel_and_the_bundle_works_anywhere(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    codec = sl.train("own.yaml", "codec")
    sl.sweep("codec", snr_db=[6], source="image-folder:path=data/people", out="run", overrides=["records=4", "draws=1"])
    monkeypatch.chdir(tmp_path)
    assert sl.records("project/codec").counts()["train"] > 40
    plan = RunFolder.open(project / "run").plan
    assert plan.source.fields["path"] == str(project / "data" / "people")
    assert found(plan.codecs[0]) == codec.folder
    for folder in ("codec", "run"):
        assert share(project / folder, tmp_path / f"shared-{folder}")
        for file in (tmp_path / f"shared-{folder}").iterdir():
            assert str(project).encode() not in file.read_bytes(), file
    assert "places.json" not in {file.name for file in (tmp_path / "shared-codec").iterdir()}


def test_a_path_is_relative_to_the_recipe_and_on_the_command_line_to_here(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_pictures(tmp_path / "data" / "people", 2)
    save_pictures(tmp_path / "here", 2)
    recipe = project / "own.yaml"
    assert load_recipe(recipe).source.fields["path"] == str(project / "data" / "people")
    assert load_recipe(recipe, ["source.path=here"]).source.fields["path"] == str(tmp_path / "here")
    assert load_recipe(recipe, ["source.path=elsewhere"]).source.fields["path"] == "elsewhere"
    nested = "source: 'triggered:of=image-folder:path=data/people'"
    recipe.write_text(RECIPE.replace("source: {name: image-folder, path: data/people, crop: 8}", nested))
    assert load_recipe(recipe).source.fields["of"] == f"image-folder:path={project / 'data' / 'people'}"


def test_crops_depend_on_seed_record_and_epoch_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    source = sl.load_source("image-folder:path=data/people,crop=8")
    codec = sl.train("own.yaml", "codec").codec
    batches, again = (Batches(codec, source.train, 8, 0, "train", "cpu") for _ in range(2))
    steps = [batches[step] for step in range(2 * batches.per_epoch)]
    assert np.array_equal(again[len(steps) - 1], steps[-1])  # a resumed training begins in the middle
    assert len({image.numpy().tobytes() for step in steps for image in step}) > len(source.train)
    middles = Batches(codec, source.validation, 8, 0, "validation", "cpu").all
    assert np.array_equal(middles[0], np.asarray(source.validation[0].payload).transpose(2, 0, 1) / np.float32(255))


def test_mixed_sizes_without_a_crop_are_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(CodecError, match=r"or a source with crop="):
        sl.train("own.yaml", "codec", overrides=["source.crop=null"])


def run(script: str, folder: Path, *arguments: str) -> str:
    command = [sys.executable, EXTEND / script, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_own_photographs_from_training_to_plot(tmp_path: Path) -> None:
    save_pictures(tmp_path / "holidays", 30, height=40, width=36)
    told = run("own_photographs.py", tmp_path, "holidays", "training.steps=3", "training.validate=3")
    assert "own-photographs at 18 dB" in told
    assert "digital:avif at 18 dB" in told
    assert (tmp_path / "own-photographs.png").stat().st_size > 5000


def test_own_texts_from_training_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [f"the parcel number {n} of {word} came late" for n in range(40) for word in ("ann", "bo", "cy")]
    rows = [f"{text},{'anna' if number % 4 else 'ben'}" for number, text in enumerate(texts)]
    (tmp_path / "messages.csv").write_text("text,owner\n" + "\n".join(rows))
    small = ["training.steps=4", "training.validate=4", "codec=text:d_model=16,heads=2,feed_forward=16"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["own_texts.py", "messages.csv", "ben", *small])
    runpy.run_path(str(EXTEND / "own_texts.py"), run_name="__main__")
    assert "membership_auc of the erased codec" in capsys.readouterr().out
    assert (tmp_path / "audit" / "report.html").is_file()


@pytest.mark.parametrize("script", ["own_photographs.py", "own_texts.py"])
def test_the_scripts_are_short(script: str) -> None:
    assert len(EXTEND.joinpath(script).read_text(encoding="utf-8").splitlines()) <= 30
