"""Exports in a sweep: what another runtime computes, over the same fades and noise as the stored codec."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semlink.codecs.optional_import import install_command
from semlink.experiments.workflow.run_folder import RunFolder
from semlink.experiments.workflow.run_plan import CodecSweepPlan
from semlink.simulator.results import read_rows

QUICK = ("--snr", "0:6:6", "--set", "records=12", "--set", "draws=1", "--workers", 1)


@pytest.fixture(scope="module")
def exported(shelf: Path, semlink: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the exports `image` and `erased`."""
    pytest.importorskip("onnxruntime", reason=install_command("onnx"))
    pytest.importorskip("onnxscript", reason=install_command("onnx"))
    folder = tmp_path_factory.mktemp("exports")
    for name in ("image", "erased"):
        assert semlink("export", shelf / name, "--format", "onnx", "--out", folder / name).status == 0
    return folder


def test_an_export_gives_the_values_of_its_codec(
    shelf: Path, semlink: Callable[..., Any], exported: Path, tmp_path: Path
) -> None:
    folders = (shelf / "image", exported / "image", exported / "erased", shelf / "erased")  # in any order
    ended = semlink("sweep", *folders, "--request", shelf / "sevens.json", *QUICK, "--out", tmp_path / "out")
    assert ended.status == 0, ended.err
    values = {
        (row.set, row.snr_db, row.version, row.minus, row.codec): row.value
        for row in read_rows(tmp_path / "out" / "results.jsonl")
        if row.metric == "psnr"
    }
    stored = {key: value for key, value in values.items() if key[-1] == "tiny-image"}
    assert len(stored) == len(values) / 2
    for key, value in stored.items():
        assert values[(*key[:-1], "tiny-image (onnx)")] == pytest.approx(value, abs=1e-3)
    for set_name in ("forget", "retain", "test"):
        assert abs(values[set_name, 6.0, "erased", "original", "tiny-image (onnx)"]) > 1e-3  # two codecs, not one twice
    plan = RunFolder.open(tmp_path / "out").plan
    assert isinstance(plan, CodecSweepPlan)
    assert [Path(export.name).name for export in plan.exports] == ["image", "erased"]
    assert (tmp_path / "out" / "report.html").exists()


def test_exports_of_one_codec_are_told_apart_by_their_folders(
    shelf: Path, semlink: Callable[..., Any], exported: Path, tmp_path: Path
) -> None:
    (tmp_path / "again").symlink_to(exported / "image")
    folders = (shelf / "image", exported / "image", tmp_path / "again")
    ended = semlink("sweep", *folders, *QUICK, "--out", tmp_path / "out")
    assert ended.status == 0, ended.err
    assert {row.codec for row in read_rows(tmp_path / "out" / "results.jsonl")} == {
        "tiny-image",
        "tiny-image (image)",
        "tiny-image (again)",
    }


def test_an_export_needs_its_bundle_beside_it(
    shelf: Path, semlink: Callable[..., Any], exported: Path, tmp_path: Path
) -> None:
    for others in ((), (shelf / "erased",)):
        ended = semlink("sweep", *others, exported / "image", *QUICK, "--out", tmp_path / "out")
        assert ended.status == 2
        assert "name the bundle that it was made of too" in ended.err
    assert not (tmp_path / "out").exists()
