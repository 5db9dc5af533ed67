"""What another runtime computes is what the codec computes, in every format."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from semlink.channels import build_channel
from semlink.channels.contract import Reception
from semlink.codecs import CODECS
from semlink.codecs.bundle import load_bundle, save_bundle
from semlink.codecs.ends import Argument, End
from semlink.codecs.interop import comparing
from semlink.codecs.interop.comparing import compare
from semlink.codecs.interop.exported import open_export
from semlink.codecs.interop.exporting import FORMATS, export_codec
from semlink.codecs.interop.tracing import trace
from semlink.codecs.optional_import import install_command
from semlink.errors import BundleError, CodecError
from semlink.seeding import generator_for

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {
    "onnx": ("onnx", ("onnxruntime", "onnxscript")),
    "savedmodel": ("tensorflow", ("tensorflow",)),
    "tflite": ("tensorflow", ("tensorflow", "ai_edge_litert")),
}


@pytest.fixture(autouse=True)
def quick_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Latencies are of no interest here, and words that follow each other take long twenty times over."""
    monkeypatch.setattr(comparing, "TIMES", 1)


@pytest.fixture(params=FORMATS)
def kind(request: pytest.FixtureRequest) -> str:
    """A format whose packages are here."""
    extra, modules = NEEDED[request.param]
    if not all(map(importlib.util.find_spec, modules)):
        pytest.skip(install_command(extra))
    name: str = request.param
    return name


def over_the_air(frame: Any) -> Reception:
    reception: Reception = build_channel("rayleigh")(frame, 12.0, generator_for(0, "test"))
    return reception


def declared(kind: str, runner: Any, side: str) -> dict[str, list[int | None]]:
    """The sizes of the inputs or outputs as a file tells them itself; None for those that are open."""
    if kind == "onnx":
        shapes = {one.name: one.shape for one in getattr(runner.session, f"get_{side}")()}
    elif kind == "savedmodel":
        told = runner.signature.structured_input_signature[1], runner.signature.structured_outputs
        shapes = {name: one.shape for name, one in told[side == "outputs"].items()}
    else:
        told = runner.signature.get_input_details(), runner.signature.get_output_details()
        shapes = {name: one["shape_signature"].tolist() for name, one in told[side == "outputs"].items()}
    return {
        name: [size if isinstance(size, int) and size > 0 else None for size in shape] for name, shape in shapes.items()
    }


@pytest.mark.parametrize(
    "case",
    [
        *(name for name in CODECS if name != "gan"),
        "autoregressive text",
        "convolutional generative",
        "residual task",
        "wrapped",
        "wrapped-classes",
    ],
    indirect=True,
)
def test_both_ends_agree_with_the_codec_and_the_sidecar(case: Any, kind: str, tmp_path: Path) -> None:
    codec, out = case.codec(), tmp_path / "out"
    export_codec(codec, "sha256:0", kind, "both", out)
    exported = open_export(out, codec, "sha256:0")
    for rows in ((), (0,), (2, 4)):  # batches of several sizes and, of sentences, of several lengths
        found = compare(exported, out, case.batch(codec, *rows), over_the_air)
        assert found.symbols < 1e-5
        assert found.outputs < 1e-4
        assert found.different == 0
        assert min(found.seconds) > 0
    assert found.weights / 2 < found.size < 2 * found.weights + 600_000
    told = json.loads((out / "export.json").read_text())
    for name, end in told["ends"].items():
        for side in ("inputs", "outputs"):
            shapes = declared(kind, exported.runners[name], side)
            assert shapes.keys() == {one["name"] for one in end[side]}
            if kind == "onnx":
                assert [*shapes] == [one["name"] for one in end[side]]
            for one in end[side]:
                assert [size if isinstance(size, int) else None for size in one["shape"]] == shapes[one["name"]]
    assert ("text" in told) == (codec.modality == "text") == (out / "tokenizer.json").exists()


def test_images_of_another_size_where_the_codec_takes_them(deepjscc: Any, kind: str, tmp_path: Path) -> None:
    codec = deepjscc.codec()
    export_codec(codec, "sha256:0", kind, "both", tmp_path / "out", (13, 10))
    exported = open_export(tmp_path / "out", codec, "sha256:0")
    batch = torch.rand(3, 1, 13, 10, generator=generator_for(0, "images"))
    assert compare(exported, tmp_path / "out", batch, over_the_air).outputs < 1e-4
    with pytest.raises(CodecError, match="--size"):
        exported.sized((8, 6, 1))


def test_one_part_alone(image: Any, kind: str, tmp_path: Path) -> None:
    codec = image.codec()
    export_codec(codec, "sha256:0", kind, "encoder", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        [f"encoder{FORMATS[kind].ending}", "export.json"]
    )
    for file in (tmp_path / "out").rglob("*"):
        assert file.is_dir() or str(ROOT).encode() not in file.read_bytes()  # no paths of the machine that made it
    exported = open_export(tmp_path / "out", codec, "sha256:0")
    frame = exported.encode(exported.prepare(image.payloads))
    with pytest.raises(CodecError, match="decoder"):
        exported.decode(over_the_air(frame))


def test_changed_foreign_and_broken_exports_are_refused(image: Any, kind: str, tmp_path: Path) -> None:
    save_bundle(image.codec(), {}, tmp_path / "bundle")
    bundle, out = load_bundle(tmp_path / "bundle"), tmp_path / "out"
    export_codec(bundle.codec, bundle.digest(), kind, "encoder", out)
    open_export(out, bundle.codec, bundle.digest())
    with pytest.raises(BundleError, match="not exported from this bundle"):
        open_export(out, bundle.codec, "sha256:1")
    files = [path for path in out.rglob("*") if path.is_file() and path.name != "export.json"]
    largest = max(files, key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1] + b"!")
    with pytest.raises(BundleError, match=f"{largest.name} was changed"):
        open_export(out, bundle.codec, bundle.digest())
    (out / "export.json").write_text("{}")
    with pytest.raises(BundleError, match="not a whole export"):
        open_export(out, bundle.codec, bundle.digest())


class Summed(nn.Module):
    def forward(self, values: Tensor) -> tuple[Tensor]:
        return (values.cumsum(dim=1),)


@pytest.mark.parametrize("kind", ["savedmodel", "tflite"], indirect=True)
def test_an_operation_that_tensorflow_is_not_told_is_named(kind: str, tmp_path: Path) -> None:
    argument = Argument("values", "float32", ("batch", 3))
    traced = trace(End(Summed(), (argument,), (argument,), "Sums."))
    with pytest.raises(CodecError, match=r"aten\.cumsum\.default.*OPERATIONS"):
        FORMATS[kind].write(traced, tmp_path / "end")
