"""A codec that infers classes through a whole run: training, erasure of a class, sweep, samples and report."""

import json
import math
import re
from pathlib import Path

import pytest
import yaml

from semlink.codecs.bundle import load_bundle
from semlink.simulator.results import Row, read_rows

RECIPE = {
    "experiment": "tiny-task",
    "source": "digits",
    "codec": {"name": "task", "encoder": "mlp", "hidden": 32, "uses": 8},
    "training": {"steps": 150, "batch": 64, "learning_rate": 5e-3, "warmup": 5, "validate": 75},
    "sweep": {"channels": ["awgn"], "snr_db": "0:12:6", "records": 60, "draws": 1},
    "erasure": {
        "request": {
            "id": "r", "time": "2026-03-01", "reason": "A test.", "selection": {"by": "label", "values": ["7"]},
        },
        "methods": [{"name": "finetune", "share": 0.1}],
        "audits": [],
    },
}  # fmt: skip
SETS = {"forget", "forget_test", "retain", "test"}


@pytest.fixture(scope="module")
def out(semlink, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    ended = semlink("run", folder / "recipe.yaml", "--out", folder / "out", "--workers", "1", "--show-erased")
    assert ended.status == 0, ended.err
    return folder / "out"


@pytest.fixture(scope="module")
def rows(out: Path) -> list[Row]:
    return [row for row in read_rows(out / "results.jsonl") if row.minus is None and row.snr_db == 12]


def test_classes_are_those_of_the_source_and_the_card_says_what_it_is(out: Path) -> None:
    bundle = load_bundle(out / "tiny-task" / "original")
    assert (bundle.codec.config.classes, bundle.card["bandwidth"]["channel_uses"]) == (10, 8)
    told = (bundle.folder / "README.md").read_text()
    assert "its decoder infers its class from what a radio channel leaves" in told
    assert f"(nats an image, training channel): {bundle.card['validation_loss']:.4g}" in told


def test_each_set_has_the_metrics_of_classes(rows: list[Row]) -> None:
    """The retrained codec never saw a seven and never says so; a seven is nearly never right after that."""
    found = {(row.metric, row.set, row.version): row for row in rows}
    versions = ("original", "erased", "retrained")
    for metric, unit in (("label_accuracy", "1"), ("label_confidence", "1"), ("cross_entropy", "nats")):
        assert {(key[1], key[2]) for key in found if key[0] == metric} == {(s, v) for s in SETS for v in versions}
        assert all(row.unit == unit for key, row in found.items() if key[0] == metric)
    assert not {row.metric for row in rows} & {"psnr", "ssim", "mse"}
    for set_name in ("forget", "forget_test"):
        assert found["label_accuracy", set_name, "original"].value > 0.6
        assert found["label_accuracy", set_name, "retrained"].value < 0.1
    for version in versions:
        assert found["label_accuracy", "test", version].value > 0.6
        assert found["cross_entropy", "test", version].value < math.log(10)


def test_samples_say_what_each_version_takes_an_image_for(out: Path) -> None:
    samples = json.loads((out / "samples.json").read_text())
    assert {sample["set"] for sample in samples} == SETS
    for sample in samples:
        assert sample["modality"] == "class"
        assert sample["label"] in [str(digit) for digit in range(10)]
        assert sample["reference"]["shape"] == [1, 8, 8]
        for estimate in sample["estimates"].values():
            assert re.fullmatch(r"\d \(\d+%\)", estimate)
    right = [s["estimates"]["original"].startswith(s["label"]) for s in samples if s["snr_db"] == 12]
    assert sum(right) > len(right) / 2


def test_report_speaks_of_classes(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "the share of classes inferred" in page
    assert "Unseen erased-class images" in page
    assert "the class that the receiver of each codec takes them for" in page
    sample = json.loads((out / "samples.json").read_text())[0]
    assert sample["estimates"]["erased"] in page


def test_what_needs_rebuilt_images_is_refused(semlink, tmp_path: Path, out: Path) -> None:
    for change in ("sweep.baselines=[digital:webp]", "sweep.image_classifier=true"):
        ended = semlink("run", out.parent / "recipe.yaml", "--out", tmp_path / "x", "--set", change)
        assert ended.status == 2
        assert "rebuilds nothing" in ended.err
    bundle = out / "tiny-task" / "original"
    ended = semlink("sweep", bundle, "--out", tmp_path / "y", "--set", "image_classifier=true")
    assert ended.status == 2
    assert "rebuilds nothing" in ended.err


def test_a_stored_codec_is_swept(semlink, tmp_path: Path, out: Path) -> None:
    places = (out / "tiny-task" / "original", "--out", tmp_path / "s", "--workers", "1")
    ended = semlink("sweep", *places, "--channel", "rayleigh", "--snr", "10")
    assert ended.status == 0, ended.err
    metrics = {row.metric for row in read_rows(tmp_path / "s" / "results.jsonl")}
    assert metrics == {"channel_uses", "total_channel_uses", "label_accuracy", "label_confidence", "cross_entropy"}
