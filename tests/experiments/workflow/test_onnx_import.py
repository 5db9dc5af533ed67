"""Three foreign pairs of ONNX files, before and after a request that others carried out: swept and audited here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import semlink as sl
from semlink.codecs.optional_import import install_command

onnx = pytest.importorskip("onnx", reason=install_command("onnx"))
pytest.importorskip("onnxruntime", reason=install_command("onnx"))


def pair(folder: Path, gain: float) -> Path:
    """A sender of the samples less a half, and a receiver that takes what arrives times `gain`, plus a half."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT

    def save(name: str, nodes: list[Any], inputs: list[Any], outputs: list[Any], **constants: Any) -> None:
        ends = ([helper.make_tensor_value_info(*end) for end in side] for side in (inputs, outputs))
        values = [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
        model = helper.make_model(
            helper.make_graph(nodes, "graph", *ends, values), opset_imports=[helper.make_opsetid("", 20)]
        )
        onnx.save(model, str(folder / name))

    folder.mkdir()
    image, latent = ("image", kind, ["n", 1, 8, 8]), ("latent", kind, ["n", 64])
    moved = helper.make_node("Sub", ["image", "half"], ["moved"])
    flat = helper.make_node("Reshape", ["moved", "shape"], ["latent"])
    save("E.onnx", [moved, flat], [image], [latent], half=np.float32(0.5), shape=np.array([-1, 64]))
    scaled = helper.make_node("Mul", ["latent", "gain"], ["scaled"])
    added = helper.make_node("Add", ["scaled", "half"], ["added"])
    square = helper.make_node("Reshape", ["added", "shape"], ["image"])
    values = {"gain": np.float32(gain), "half": np.float32(0.5), "shape": np.array([-1, 1, 8, 8])}
    save("D.onnx", [scaled, added, square], [latent], [image], **values)
    return folder


def test_a_foreign_erasure_is_swept_and_audited(
    shelf: Path, semlink: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    request = ("--request", shelf / "sevens.json")
    after = ("--after", "before", *request)
    for name, gain, options in (
        ("before", 0.5, ()),
        ("erased", 0.45, (*after, "--method", "theirs")),
        ("retrained", 0.5, (*after, "--version", "retrained")),
    ):
        files = pair(tmp_path / f"{name}-files", gain)
        ends = ("--encoder", files / "E.onnx", "--decoder", files / "D.onnx")
        ended = semlink("import", "onnx", *ends, "--source", "digits", *options, "--out", name)
        assert ended.status == 0, ended.err
        assert "mean energy" in ended.err
    swept = ("before", "erased", "retrained", *request, "--channel", "awgn", "--snr", "10", "--set", "records=20")
    swept += ("--set", "draws=1", "--workers", "1")
    ended = semlink("sweep", *swept, "--out", "sweep")
    assert ended.status == 0, ended.err
    rows = sl.Results.read("sweep").filter("psnr", set="forget")
    assert {(row.version, row.method) for row in rows} == {
        ("original", "none"), ("erased", "theirs"), ("retrained", "elsewhere")
    }  # fmt: skip
    audited = ("audit", "before", "erased", "retrained", *request, "--snr-db", "10")
    ended = semlink(*audited, "--audit", "membership:records=20,draws=1", "--out", "audit")
    assert ended.status == 0, ended.err
    areas = {row.version: row.value for row in sl.Results.read("audit").filter("membership_auc") if not row.minus}
    assert areas["original"] == areas["retrained"]
    ended = semlink(*audited, "--audit", "relearn:steps=1", "--out", "again")
    assert ended.status == 2
    assert "not trained or erased from" in ended.err
    ended = semlink("erase", "before", *request, "--method", "finetune", "--out", "ours")
    assert ended.status == 2
    assert "not trained or erased from" in ended.err
    told = json.loads(Path("erased", "card.json").read_text())
    assert told["chain"][0]["method"] == "theirs"
    assert not Path("ours").exists()
