"""Exports from the command line: what they leave, and that a verification can fail."""

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semlink.codecs.interop.exporting import FORMATS
from semlink.experiments.workflow import exports

NEEDED = {
    "onnx": ("onnxruntime", "onnxscript"),
    "savedmodel": ("tensorflow",),
    "tflite": ("tensorflow", "ai_edge_litert"),
}


@pytest.fixture(scope="module", params=FORMATS)
def exported(
    shelf: Path, semlink: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """A folder with the exports `image` and `text` in a format."""
    if not all(map(importlib.util.find_spec, NEEDED[request.param])):
        pytest.skip(f"needs {' and '.join(NEEDED[request.param])}")
    folder = tmp_path_factory.mktemp("exports")
    for name in ("image", "text"):
        ended = semlink("export", shelf / name, "--format", request.param, "--out", folder / name)
        assert ended.status == 0, ended.err
        assert "semlink verify-export" in ended.out
    return folder


def test_verified_exports_tell_the_metrics_of_both(shelf: Path, semlink: Callable[..., Any], exported: Path) -> None:
    for name, metric in (("image", "psnr"), ("text", "sentence_bleu4")):
        ended = semlink("verify-export", shelf / name, exported / name, "--records", 20, "--snr-db", 6)
        assert ended.status == 0, ended.err
        assert f"{metric}: " in ended.out
        told = json.loads((exported / name / "verified.json").read_text())
        one, two = told["metrics"][metric]
        assert abs(one - two) <= 1e-3
        assert told["comparison"]["symbols"] < 1e-5
        assert told["n"] == 20 or name == "text"


def test_an_export_of_another_codec_is_refused(shelf: Path, semlink: Callable[..., Any], exported: Path) -> None:
    ended = semlink("verify-export", shelf / "erased", exported / "image")
    assert ended.status == 2
    assert "not exported from this bundle" in ended.err


def test_a_verification_can_fail(
    shelf: Path, semlink: Callable[..., Any], exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export of the erased codec under the name of the original: other weights, another PSNR."""
    kind = json.loads((exported / "image" / "export.json").read_text())["kind"]
    assert semlink("export", shelf / "erased", "--format", kind, "--out", tmp_path / "erased").status == 0
    other = tmp_path / "other"
    shutil.copytree(tmp_path / "erased", other)
    told = json.loads((other / "export.json").read_text())
    told["bundle"] = json.loads((exported / "image" / "export.json").read_text())["bundle"]
    (other / "export.json").write_text(json.dumps(told))
    monkeypatch.setattr(exports, "TOLERANCE", 1e-9)
    ended = semlink("verify-export", shelf / "image", other, "--records", 20)
    assert ended.status == 2
    assert "is not the codec in" in ended.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--format", "onxx"), 'There is no export format "onxx"'),
        (("--part", "middle"), 'There is no part "middle"'),
        (("--size", "8"), "write height x width"),
        (("--size", "32x32"), "export it without --size"),
    ],
)
def test_mistakes_are_told(
    shelf: Path, semlink: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    ended = semlink("export", shelf / "image", *arguments, "--out", tmp_path / "out")
    assert ended.status == 2
    assert told in ended.err
    assert not (tmp_path / "out").exists()


def test_mistakes_of_imports_are_told(semlink: Callable[..., Any], tmp_path: Path) -> None:
    words, needed = ("--vocabulary", tmp_path / "vocab.json"), ("--source", "python-docs", "--out", tmp_path / "out")
    for arguments, told in (
        (("tf-deepcs", tmp_path, *words), 'There is no kind of import "tf-deepcs"'),
        (("tf-deepsc", tmp_path, *words, "--power", "imaginary"), 'There is no power rule "imaginary"'),
        (("tf-deepsc", tmp_path, *words, "--positions", "row"), 'There is no rule of positions "row"'),
        (("tf-deepsc", tmp_path), "needs --vocabulary"),
        (("deepjscc-pytorch",), "needs CHECKPOINT"),
        (("deepjscc-pytorch", tmp_path, *words), "has no --vocabulary; it takes CHECKPOINT"),
        (("deepjscc-pytorch", tmp_path), "sends images"),
        (("onnx", "--encoder", tmp_path / "E.onnx"), "needs --decoder"),
        (("onnx", tmp_path, "--encoder", "E.onnx", "--decoder", "D.onnx"), "has no CHECKPOINT"),
        (("deepjscc-pytorch", tmp_path, "--after", "image-digits"), "--after and --request belong together"),
    ):
        ended = semlink("import", *arguments, *needed)
        assert ended.status == 2
        assert told in ended.err
    assert not (tmp_path / "out").exists()
