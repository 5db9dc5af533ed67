"""Stored codecs are found by name, a path wins, and what comes with semlink is what it says."""

import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from semlink.channels import build_channel
from semlink.codecs.bundle import Bundle, load_bundle
from semlink.errors import BundleError
from semlink.experiments.workflow import store, training_records
from semlink.experiments.workflow.codec_folders import PACKAGED, find_bundle, own_bundles, stored_codecs
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.preparation import prepare_stored
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.simulator.batches import Batches
from semlink.simulator.results import Row, read_rows
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Source
from semlink.simulator.sources.subset import subset
from semlink.simulator.training import HELD_OUT, mean_loss

QUICK_SWEEP = ("--snr", "6", "--set", "records=8", "--set", "draws=1", "--workers", "1")
SHIPPED = sorted(folder.name for folder in PACKAGED.iterdir() if folder.is_dir()) if PACKAGED.is_dir() else []
MEGABYTE = 1_000_000
EMBEDDED = ("digits", "python-docs")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEMLINK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_where_the_users_codecs_are(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_bundles() == home / "bundles"
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("SEMLINK_HOME", "")
    assert own_bundles() == Path("/somewhere/.semlink/bundles")
    monkeypatch.delenv("SEMLINK_HOME")
    assert own_bundles() == Path("/somewhere/.semlink/bundles")


def test_train_sweep_erase_and_audit_by_name(semlink, shelf: Path, home: Path, tmp_path: Path) -> None:
    ended = semlink("train", shelf / "image.yaml")
    assert ended.status == 0
    assert "semlink sweep tiny-image " in ended.out
    assert load_bundle(home / "bundles" / "tiny-image").card["experiment"] == "tiny-image"
    assert semlink("train", shelf / "image.yaml").err == ""  # it is there
    assert semlink("sweep", "tiny-image", "--out", tmp_path / "sweep", *QUICK_SWEEP).status == 0
    request = ("--request", shelf / "sevens.json")
    for name, method in (("erased", "finetune:share=0.25"), ("retrained", "retrain")):
        out = ("--out", home / "bundles" / name)
        assert semlink("erase", "tiny-image", *request, "--method", method, *out).status == 0
    ended = semlink("audit", "tiny-image", "erased", "retrained", *request, "--out", tmp_path / "audit")
    assert ended.status == 0
    listed = semlink("list", "bundles").out
    assert f"trained here, {home / 'bundles' / 'tiny-image'}" in listed
    assert f"model card: {home / 'bundles' / 'erased' / 'README.md'}" in listed
    loss = load_bundle(home / "bundles" / "tiny-image").card["validation_loss"]
    assert f"32 channel uses for an image, trained over awgn at 0 to 18 dB, validation loss {loss:.4g}" in listed
    with_recipe = ("train", home / "bundles" / "tiny-image" / "training.yaml", "--out", tmp_path / "again")
    assert semlink(*with_recipe).status == 0  # the command of its model card
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (
        shelf / "image" / "model.safetensors"
    ).read_bytes()
    card = load_bundle(home / "bundles" / "erased").card
    assert card["command"].startswith("semlink erase tiny-image --request FILE --method finetune:share=0.25 ")


def test_a_path_wins_and_the_users_own_hides_what_is_packaged(
    shelf: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(shelf / "image", tmp_path / "packaged" / "same")
    shutil.copytree(shelf / "text", home / "bundles" / "own")
    monkeypatch.setattr("semlink.experiments.workflow.codec_folders.PACKAGED", tmp_path / "packaged")
    monkeypatch.chdir(tmp_path)
    assert find_bundle("same") == tmp_path / "packaged" / "same"
    shutil.copytree(shelf / "image", home / "bundles" / "same")
    assert list(stored_codecs()) == ["own", "same"]
    assert find_bundle("same") == home / "bundles" / "same"
    shutil.copytree(shelf / "image", "same")
    assert find_bundle("same") == Path("same")
    (home / "bundles" / "notes").mkdir()
    assert "notes" not in stored_codecs()


def test_an_unknown_name_is_answered_with_the_near_one(semlink, shelf: Path, home: Path, tmp_path: Path) -> None:
    shutil.copytree(shelf / "image", home / "bundles" / "tiny-image")
    for arguments in (("sweep", "tiny-imge"), ("erase", "tiny-imge", "--request", shelf / "sevens.json")):
        ended = semlink(*arguments, "--out", tmp_path / "out")
        assert ended.status == 2
        (sentence,) = ended.err.splitlines()
        assert 'no folder or stored codec "tiny-imge". Did you mean "tiny-image"?' in sentence
        assert not (tmp_path / "out").exists()
    with pytest.raises(BundleError, match=r"\.\./image"):  # a name is no path into the shelf
        find_bundle("../image")


def test_a_damaged_codec_is_listed_as_such(semlink, shelf: Path, home: Path) -> None:
    damaged = shutil.copytree(shelf / "image", home / "bundles" / "tiny-image")
    (damaged / "card.json").write_text("{}")
    assert "  tiny-image: damaged. " in semlink("list", "bundles").out


def test_other_records_than_those_of_the_training_are_refused(semlink, shelf: Path, home: Path, tmp_path: Path) -> None:
    lines = tmp_path / "sentences.txt"
    shutil.copyfile(shelf / "sentences.txt", lines)
    assert semlink("train", shelf / "text.yaml", "--set", f"source.path={lines}").status == 0
    lines.write_text(lines.read_text().replace("fox", "wolf"))
    ended = semlink("sweep", "tiny-text", "--out", tmp_path / "out", *QUICK_SWEEP)
    assert ended.status == 2
    (sentence,) = ended.err.splitlines()
    assert "differ from those that" in sentence
    assert "was not there when the codec was trained" in sentence
    (find_bundle("tiny-text") / "records.json").unlink()  # as in a deployed copy
    ended = semlink("sweep", "tiny-text", "--out", tmp_path / "out", *QUICK_SWEEP)
    assert "use the data of its training; which records may be missing" in ended.err


def need_data(name: str) -> None:
    """Skips where the records of a packaged codec are not at hand."""
    if not os.environ.get("SEMLINK_DATA") and load_bundle(find_bundle(name)).card["source"]["name"] not in EMBEDDED:
        pytest.skip("needs the data folder; set SEMLINK_DATA")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_packaged_codec_is_what_its_card_and_its_rows_say(
    semlink, name: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both in one test, since reading the records takes most of its time."""
    need_data(name)
    read: dict[str, Source] = {}

    def read_once(name: str, fields: Mapping[str, Any], data_dir: Path | None) -> Source:
        key = f"{name} {dict(fields)}"
        if key not in read:
            read[key] = build_source(name, fields, data_dir)
        return read[key]

    monkeypatch.setattr(training_records, "build_source", read_once)
    check_card(name)
    check_rows(semlink, name, tmp_path)
    assert len(read) == 1


def check_card(name: str) -> None:
    """It is whole and small, and on its records has the validation loss that was recorded, to a thousandth."""
    folder = find_bundle(name)
    bundle = load_bundle(folder)
    prepared = prepare_stored([bundle], None, Machine())
    recipe = recipe_of(bundle)
    assert name == recipe.experiment
    assert sum(path.stat().st_size for path in folder.iterdir()) < 5 * MEGABYTE
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for fact in ("content", "persons", "licence", "digest"):
        assert bundle.card["source"][fact] in readme
    records = subset(prepared.source.validation, HELD_OUT, recipe.seed)
    held_out = Batches(bundle.codec, records, HELD_OUT, recipe.seed, "validation", "cpu").all
    channel = build_channel(recipe.channel)
    loss = mean_loss(bundle.codec, held_out, channel, recipe.training.snr_db, recipe.seed)
    assert math.isclose(loss, bundle.card["validation_loss"], rel_tol=1e-3)


def check_rows(semlink, name: str, tmp_path: Path) -> None:
    """A few test records at the highest Es/N0 fall within four standard errors of the recorded rows."""
    recorded = Path(__file__).resolve().parents[3] / "experiments" / "results"
    wanted = (name, name, "original", "test", "awgn", None)
    rows = [
        row
        for path in recorded.glob("*/results.jsonl")
        for row in read_rows(path)
        if (row.experiment, row.codec, row.version, row.set, row.channel, row.minus) == wanted
    ]
    highest = max(row.snr_db for row in rows if row.snr_db is not None)
    rows = [row for row in rows if row.snr_db == highest]
    sweep = (
        "--snr",
        str(highest),
        "--set",
        "records=60",
        "--set",
        "draws=1",
        "--workers",
        "1",
        "--out",
        tmp_path / "out",
    )
    assert semlink("sweep", name, *sweep).status == 0
    measured = read_rows(tmp_path / "out" / "results.jsonl")
    for row in rows:
        (value,) = [other.value for other in measured if (other.metric, other.snr_db) == (row.metric, highest)]
        half = max(row.high - row.value, row.value - row.low)
        assert abs(value - row.value) <= 2 * half * max(1, row.n / 60) ** 0.5


def test_the_packaged_text_codec_carries_sentences() -> None:
    """BLEU-4 on unseen sentences, over AWGN at 12 dB, surpasses that of the codec of the quickstart at as many uses."""
    results = Path(__file__).resolve().parents[3] / "experiments" / "results"

    def at_12_db(run: str, codec: str, metric: str, snr_db: float | None = 12.0) -> Row:
        wanted = (codec, "original", "test", "awgn", metric, snr_db, None)
        rows = read_rows(results / run / "results.jsonl")
        (found,) = [
            row
            for row in rows
            if (row.codec, row.version, row.set, row.channel, row.metric, row.snr_db, row.minus) == wanted
        ]
        return found

    names = (("text-python-bpe", "text-python-bpe"), ("quickstart", "text-python-docs"))
    ours, theirs = (at_12_db(run, codec, "corpus_bleu4") for run, codec in names)
    assert ours.low > theirs.high
    ours, theirs = (at_12_db(run, codec, "total_channel_uses", None) for run, codec in names)
    assert ours.value < 1.05 * theirs.value


def test_a_run_reads_each_stored_codec_once(semlink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process: original, erased and retrained, whatever reads them (erasure, jobs, samples, audits, report)."""
    read: list[str] = []

    def counted(folder: Path) -> Bundle:
        read.append(folder.name)
        return load_bundle(folder)

    monkeypatch.setattr(store, "load_bundle", counted)
    store._read_once.cache_clear()
    small = ("training.steps=4", "sweep.records=8", "sweep.draws=1", "sweep.snr_db=0:6:6", "erasure.method=finetune")
    overrides = [part for override in small for part in ("--set", override)]
    audits = ("--set", "erasure.audits=[membership]")
    ended = semlink("run", "quickstart-digits", *overrides, *audits, "--out", tmp_path / "out", "--workers", 1)
    assert ended.status == 0, ended.err
    assert sorted(read) == ["erased", "original", "retrained"]
