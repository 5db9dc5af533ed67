"""What onnxruntime computes is what the codec computes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from semlink.channels import Reception, build_channel
from semlink.codecs import CODECS, save_bundle
from semlink.codecs.bundle import load_bundle
from semlink.codecs.interop.comparing import compare
from semlink.codecs.interop.exported import open_export
from semlink.codecs.interop.exporting import export_codec
from semlink.errors import BundleError, CodecError
from semlink.seeding import generator_for

pytest.importorskip("onnxruntime", reason='needs pip install "semlink[onnx]"')
pytest.importorskip("onnxscript", reason='needs pip install "semlink[onnx]"')


def over_the_air(frame: Any) -> Reception:
    reception: Reception = build_channel("rayleigh")(frame, 12.0, generator_for(0, "test"))
    return reception


@pytest.mark.parametrize("case", [*(name for name in CODECS if name != "gan"), "autoregressive text"], indirect=True)
def test_both_ends_agree_with_the_codec_and_the_sidecar(case: Any, tmp_path: Path) -> None:
    codec, out = case.codec(), tmp_path / "out"
    export_codec(codec, "sha256:0", "onnx", "both", out)
    exported = open_export(out, codec, "sha256:0")
    batch = case.batch(codec)
    found = compare(exported, out, batch, over_the_air)
    assert found.symbols < 1e-5
    assert found.outputs < 1e-4
    assert found.different == 0
    assert min(found.seconds) > 0
    assert found.weights / 2 < found.size < 2 * found.weights + 600_000
    assert compare(exported, out, batch[torch.tensor([0])], over_the_air).outputs < 1e-4
    told = json.loads((out / "export.json").read_text())
    for name, end in told["ends"].items():
        session: Any = exported.runners[name]
        for side in ("inputs", "outputs"):
            given = getattr(session.session, f"get_{side}")()
            assert [one["name"] for one in end[side]] == [one.name for one in given]
            for one, value in zip(end[side], given, strict=True):
                assert len(one["shape"]) == len(value.shape)
                fixed, found_fixed = (
                    [size for size in shape if isinstance(size, int)] for shape in (one["shape"], value.shape)
                )
                assert fixed == found_fixed
    assert ("text" in told) == (codec.modality == "text") == (out / "tokenizer.json").exists()


def test_images_of_another_size_where_the_codec_takes_them(deepjscc: Any, tmp_path: Path) -> None:
    codec = deepjscc.codec()
    export_codec(codec, "sha256:0", "onnx", "both", tmp_path / "out", (13, 10))
    exported = open_export(tmp_path / "out", codec, "sha256:0")
    batch = torch.rand(3, 1, 13, 10, generator=generator_for(0, "images"))
    assert compare(exported, tmp_path / "out", batch, over_the_air).outputs < 1e-4
    with pytest.raises(CodecError, match="--size"):
        exported.sized((8, 6, 1))


def test_one_part_alone(image: Any, tmp_path: Path) -> None:
    codec = image.codec()
    export_codec(codec, "sha256:0", "onnx", "encoder", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["encoder.onnx", "export.json"]
    exported = open_export(tmp_path / "out", codec, "sha256:0")
    frame = exported.encode(exported.prepare(image.payloads))
    with pytest.raises(CodecError, match="decoder"):
        exported.decode(over_the_air(frame))


def test_changed_foreign_and_broken_exports_are_refused(image: Any, tmp_path: Path) -> None:
    save_bundle(image.codec(), {}, tmp_path / "bundle")
    bundle, out = load_bundle(tmp_path / "bundle"), tmp_path / "out"
    export_codec(bundle.codec, bundle.digest(), "onnx", "encoder", out)
    open_export(out, bundle.codec, bundle.digest())
    with pytest.raises(BundleError, match="not exported from this bundle"):
        open_export(out, bundle.codec, "sha256:1")
    whole = (out / "encoder.onnx").read_bytes()
    (out / "encoder.onnx").write_bytes(whole[:-1] + b"!")
    with pytest.raises(BundleError, match=r"encoder.onnx was changed"):
        open_export(out, bundle.codec, bundle.digest())
    (out / "export.json").write_text("{}")
    with pytest.raises(BundleError, match="not a whole export"):
        open_export(out, bundle.codec, bundle.digest())
