"""Several methods in one experiment: a version each, measured and audited beside original and retrained codecs."""

import json
from pathlib import Path

import pytest
import yaml

from semlink.codecs.bundle import load_bundle
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.simulator import image_classifier
from semlink.simulator.results import Row, read_rows

RECIPE = {
    "experiment": "tiny-trigger",
    "source": {"name": "triggered", "of": "digits", "share": 0.05, "size": 1, "margin": 0},
    "codec": {"name": "image", "d_model": 16, "heads": 2, "feed_forward": 32},
    "training": {"steps": 8, "batch": 16, "warmup": 2, "validate": 4},
    "sweep": {"channels": ["awgn"], "snr_db": "0:6:6", "records": 12, "draws": 1, "image_classifier": True},
    "erasure": {
        "request": {
            "id": "r", "time": "2026-03-01", "reason": "A test.", "selection": {"by": "owner", "values": ["trigger"]},
        },
        "methods": ["scu-bounded", {"name": "finetune", "as": "tuned", "share": 0.5}],
        "audits": ["membership:draws=1"],
        "retrained": 2,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def out(semlink, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("methods")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_classifier, "STEPS", 20)
        ended = semlink("run", folder / "recipe.yaml", "--out", folder / "out", "--workers", "1")
        assert ended.status == 0, ended.err
        before = (folder / "out" / "results.jsonl").read_bytes()
        assert semlink("run", folder / "recipe.yaml", "--out", folder / "out", "--workers", "1").status == 0
        assert (folder / "out" / "results.jsonl").read_bytes() == before
    return folder / "out"


@pytest.fixture(scope="module")
def rows(out: Path) -> list[Row]:
    return read_rows(out / "results.jsonl")


def test_each_method_has_a_folder_and_a_certificate(out: Path) -> None:
    folders = {path.name for path in (out / "tiny-trigger").iterdir()}
    assert folders == {"original", "retrained", "retrained-2", "scu-bounded", "tuned"}
    seeds = [load_bundle(out / "tiny-trigger" / name).card["erasure_seed"] for name in ("retrained", "retrained-2")]
    assert seeds == [0, 1]
    assert load_bundle(out / "tiny-trigger" / "tuned").card["method"] == {
        "name": "finetune",
        "as": "tuned",
        "share": 0.5,
    }
    (facts,) = RunFolder.open(out).metadata().values()
    assert facts["erasure"]["method"]["name"] == "scu-bounded"
    assert facts["other_erasures"]["tuned"]["method"]["settings"]["share"] == 0.5


def test_rows_of_every_version_set_and_metric(rows: list[Row]) -> None:
    retrained = {("retrained", "retrain"), ("retrained", "retrain-2")}
    versions = retrained | {("original", "none"), ("erased", "scu-bounded"), ("erased", "tuned")}
    for metric, sets in (
        ("psnr", {"forget", "retain", "test", "trigger"}),
        ("patch_brightness", {"forget", "trigger"}),
        ("backdoor_accuracy", {"forget", "trigger"}),
        ("class_accuracy", {"retain", "test"}),
    ):
        found = [row for row in rows if row.metric == metric and row.minus is None]
        assert {row.set for row in found} == sets
        assert {(row.version, row.method) for row in found} == versions
        assert len(found) == len(sets) * len(versions) * 2


def test_differences_are_of_each_method(rows: list[Row]) -> None:
    found = {
        (row.method, row.minus)
        for row in rows
        if row.metric == "psnr" and row.minus is not None and row.set == "forget"
    }
    expected = {(method, minus) for method in ("scu-bounded", "tuned") for minus in ("original", "retrained")}
    alone = {("retrain", "original"), ("retrain-2", "original"), ("retrain-2", "retrained")}
    assert found == expected | alone


def test_audits_and_costs_stand_once(rows: list[Row]) -> None:
    for metric in ("membership_auc", "seconds"):
        methods = [row.method for row in rows if row.metric == metric and row.minus is None]
        assert sorted(methods) == ["none", "retrain", "retrain-2", "scu-bounded", "tuned"]


def test_costs_are_those_of_the_certificates(rows: list[Row], out: Path) -> None:
    told = json.loads((out / "tiny-trigger" / "tuned" / "erasure.json").read_text())
    for name in ("steps", "samples", "peak_memory_mib", "seconds"):
        (row,) = [row for row in rows if (row.metric, row.method) == (name, "tuned")]
        assert (row.value, row.version) == (told[name], "erased") if name != "seconds" else row.value > 0


def test_samples_and_report_name_the_methods(out: Path) -> None:
    samples = json.loads((out / "samples.json").read_text())
    assert {tuple(sample["estimates"]) for sample in samples} == {
        ("original", "scu-bounded", "tuned", "retrain", "retrain-2")
    }
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Certificate of tuned" in page
    assert "Unseen triggered images" in page


def test_rates_have_wilsons_width(rows: list[Row]) -> None:
    for row in rows:
        if row.metric in ("class_accuracy", "backdoor_accuracy") and row.minus is None:
            assert row.low < row.high
            assert 0 <= row.low <= row.value <= row.high <= 1
            assert row.n <= 12
