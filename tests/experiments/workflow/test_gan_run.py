"""A plain GAN is sent nothing: an experiment audits it, and there is no link to sweep."""

import json
from pathlib import Path

import yaml

from semlink.simulator import image_classifier
from semlink.simulator.results import read_rows

RECIPE = {
    "experiment": "tiny-gan",
    "source": "digits",
    "codec": {"name": "gan", "network": "mlp", "hidden": 16},
    "training": {"steps": 6, "batch": 16, "validate": 6, "snr_db": 40, "keep": "last", "momentum": 0.5},
    "erasure": {
        "request": {"id": "r", "time": "2026-03-01", "reason": "Test", "selection": {"by": "label", "values": ["3"]}},
        "methods": [{"name": "cascaded", "outer": 2}, "fresh-condition"],
        "audits": ["relearn:steps=2,draws=1", "generation:images=20,draws=2"],
        "retrained": 2,
    },
}  # fmt: skip


def test_a_gan_is_audited_and_not_swept(semlink, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(image_classifier, "STEPS", 5)
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    ended = semlink("run", tmp_path / "recipe.yaml", "--out", tmp_path / "out", "--workers", "1", "--show-erased")
    assert ended.status == 0, ended.err
    rows = read_rows(tmp_path / "out" / "results.jsonl")
    metrics = {row.metric for row in rows}
    assert {"share_on_request", "frechet_distance", "relearned_loss", "seconds"} <= metrics
    assert not [name for name in metrics if "psnr" in name or "channel_uses" in name]
    methods = {row.method for row in rows if row.metric == "share_on_request"}
    assert methods == {"none", "cascaded", "fresh-condition", "retrain", "retrain-2"}
    made = json.loads((tmp_path / "out" / "samples.json").read_text())
    assert {one["set"] for one in made} == {"forget", "forget_test", "retain", "test"}
    first = made[0]
    assert set(first["estimates"]) == {"original", "cascaded", "fresh-condition", "retrain", "retrain-2"}
    assert first["estimates"]["original"] != first["estimates"]["retrain"] != first["estimates"]["retrain-2"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "What is made on request" in page
    assert "Es/N0</th>" not in page
    original = tmp_path / "out" / "tiny-gan" / "original"
    refused = semlink("sweep", original, "--out", tmp_path / "sweep", "--workers", "1")
    assert refused.status == 2
    assert "is sent nothing, so there is no link to sweep; look at it with: semlink audit" in refused.err
