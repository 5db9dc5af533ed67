"""A foreign pair of ONNX files is a codec that is measured; what is in the files is checked before they are run."""

import copy
import math
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels.contract import Reception
from semlink.codecs.bundle import load_bundle, save_bundle
from semlink.codecs.interop import onnx_graph
from semlink.codecs.interop.onnx_codec import OnnxCodec
from semlink.codecs.interop.onnx_configuration import OnnxCodecConfig
from semlink.codecs.interop.onnx_import import import_onnx
from semlink.codecs.optional_import import install_command
from semlink.errors import BundleError, CodecError, SemlinkError, WrongField
from semlink.seeding import generator_for

onnx = pytest.importorskip("onnx", reason=install_command("onnx"))
pytest.importorskip("onnxruntime", reason=install_command("onnx"))

FLOAT = onnx.TensorProto.FLOAT
IMAGES = [np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8) for _ in range(3)]
PIXELS = torch.stack([torch.from_numpy(image) for image in IMAGES]).unsqueeze(1) / 255
PUBLISHED: dict[str, Any] = {
    "pixels": "0..1", "layout": "nchw", "pairing": "pairs", "noise": "variance", "amplitude": 1.0
}  # fmt: skip


@dataclass
class Graph:
    """A graph of a few operations on its inputs. constants: name -> values."""

    nodes: list[tuple[str, list[str], list[str], dict[str, Any]]]
    inputs: dict[str, list[Any]]
    outputs: dict[str, list[Any]]
    constants: dict[str, Any] = field(default_factory=dict)
    kind: int = FLOAT
    domain: str = ""

    def save(self, path: Path) -> Path:
        onnx.save(self.model(), str(path))
        return path

    def model(self) -> Any:
        helper = onnx.helper
        nodes = [
            helper.make_node(kind, ins, outs, domain=self.domain, **facts) for kind, ins, outs, facts in self.nodes
        ]
        ends = [
            [helper.make_tensor_value_info(name, self.kind, shape) for name, shape in table.items()]
            for table in (self.inputs, self.outputs)
        ]
        constants = [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in self.constants.items()]
        graph = helper.make_graph(nodes, "graph", *ends, constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("own", 1)])


def sender(batch: Any = "n", shape: tuple[int, ...] = (1, 8, 8), latent: tuple[int, ...] = (64,)) -> Graph:
    """Sends the samples less a half."""
    return Graph(
        [("Sub", ["image", "half"], ["moved"], {}), ("Reshape", ["moved", "shape"], ["latent"], {})],
        {"image": [batch, *shape]},
        {"latent": [batch, *latent]},
        {"half": np.float32(0.5), "shape": np.array([batch if batch != "n" else -1, *latent])},
    )


def receiver(batch: Any = "n", shape: tuple[int, ...] = (1, 8, 8), latent: tuple[int, ...] = (64,)) -> Graph:
    """Takes what arrives times a quarter, plus a half."""
    return Graph(
        [
            ("Mul", ["latent", "quarter"], ["scaled"], {}),
            ("Add", ["scaled", "half"], ["moved"], {}),
            ("Reshape", ["moved", "shape"], ["image"], {}),
        ],
        {"latent": [batch, *latent]},
        {"image": [batch, *shape]},
        {
            "quarter": np.float32(0.25),
            "half": np.float32(0.5),
            "shape": np.array([batch if batch != "n" else -1, *shape]),
        },
    )


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., OnnxCodec]:
    """Imports two graphs, with other options than the published ones where given."""

    def imported(one: Graph, two: Graph, **options: Any) -> OnnxCodec:
        paths = one.save(tmp_path / "E.onnx"), two.save(tmp_path / "D.onnx")
        return import_onnx(*paths, IMAGES, **{**PUBLISHED, **options}).codec

    return imported


def normalised(values: torch.Tensor) -> torch.Tensor:
    """Real values [batch, 64] such that the 32 complex symbols have unit energy."""
    return values / (2 * values.square().mean(dim=1, keepdim=True)).sqrt()


@pytest.mark.parametrize("batch", ["n", 1])
@pytest.mark.parametrize("pairing", ["pairs", "halves"])
def test_symbols_and_images_are_those_of_the_files(take: Callable[..., OnnxCodec], batch: Any, pairing: str) -> None:
    codec = take(sender(batch), receiver(batch), pairing=pairing)
    assert codec.config.uses == 32
    frame = codec.encode(codec.prepare(IMAGES))
    values = normalised(PIXELS.flatten(1) - 0.5)
    parts = values.view(-1, 32, 2).unbind(-1) if pairing == "pairs" else values.chunk(2, dim=1)
    assert torch.allclose(frame.symbols, torch.complex(*parts), atol=1e-6)
    estimate = codec.decode(Reception(frame.symbols, torch.tensor(0.1), frame.mask))
    assert torch.allclose(estimate, (values.view(-1, 1, 8, 8) / 4 + 0.5).clamp(0, 1), atol=1e-6)
    assert torch.allclose(codec.loss(PIXELS, Reception(frame.symbols, torch.tensor(0.1), frame.mask)),
                          (estimate - PIXELS).square().mean(dim=(1, 2, 3)))  # fmt: skip


def test_two_outputs_are_in_phase_and_quadrature_parts(take: Callable[..., OnnxCodec]) -> None:
    one, two = sender(), receiver()
    one.nodes.append(("Split", ["latent"], ["real", "imaginary"], {"axis": 1, "num_outputs": 2}))
    one.outputs = {"real": ["n", 32], "imaginary": ["n", 32]}
    two.nodes.insert(0, ("Concat", ["real", "imaginary"], ["latent"], {"axis": 1}))
    two.inputs = {"real": ["n", 32], "imaginary": ["n", 32]}
    codec = take(one, two)
    assert codec.config.pairing == "separate"
    frame = codec.encode(PIXELS)
    values = normalised(PIXELS.flatten(1) - 0.5)
    assert torch.allclose(frame.symbols, torch.complex(*values.chunk(2, dim=1)), atol=1e-6)
    estimate = codec.decode(Reception(frame.symbols, torch.tensor(0.1), frame.mask))
    assert torch.allclose(estimate.flatten(1), values / 4 + 0.5, atol=1e-6)


def test_bytes_channels_last_and_real_power(take: Callable[..., OnnxCodec]) -> None:
    one, two = (graph(shape=(8, 8, 1), latent=(8, 8)) for graph in (sender, receiver))
    codec = take(one, two, layout="nhwc", pixels="0..255", amplitude=math.sqrt(2))
    frame = codec.encode(PIXELS)
    values = normalised(255 * PIXELS.flatten(1) - 0.5)
    assert torch.allclose(torch.view_as_real(frame.symbols).flatten(1), values, atol=1e-6)
    estimate = codec.decode(Reception(frame.symbols, torch.tensor(0.1), frame.mask))
    assert torch.allclose(estimate.flatten(1), ((math.sqrt(2) * values / 4 + 0.5) / 255).clamp(0, 1), atol=1e-6)


@pytest.mark.parametrize(("shape", "batch"), [(["n"], "n"), (["n", 1], "n"), ([1], 1), ([], 1)])
@pytest.mark.parametrize(("noise", "told"), [("variance", [0.2, 0.02]), ("snr-db", [10 - 3.0103, 20 - 3.0103])])
def test_the_receiver_is_told_the_noise(
    take: Callable[..., OnnxCodec], shape: list[Any], batch: Any, noise: str, told: list[float]
) -> None:
    """At an Es/N0 of 10 and 20 dB, in the measure of a network whose labels are 3.01 dB too low: it shows it."""
    two = receiver(batch)
    two.inputs["noise"] = shape
    two.constants |= {"zero": np.float32(0), "axes": np.array([-1, 1, 1, 1]), "hundredth": np.float32(0.01)}
    two.nodes += [
        ("Mul", ["image", "zero"], ["black"], {}),
        ("Reshape", ["noise", "axes"], ["level"], {}),
        ("Mul", ["level", "hundredth"], ["small"], {}),
        ("Add", ["black", "small"], ["shown"], {}),
    ]
    two.outputs = {"shown": [batch, 1, 8, 8]}
    codec = take(sender(batch), two, noise=noise, amplitude=math.sqrt(2))
    frame = codec.encode(PIXELS[:2])
    estimate = codec.decode(Reception(frame.symbols, torch.tensor([[0.1], [0.01]]), frame.mask))
    assert torch.allclose(100 * estimate[:, 0, 0, 0], torch.tensor(told), atol=1e-3)


def test_it_is_stored_with_its_files_and_read_back(take: Callable[..., OnnxCodec], tmp_path: Path) -> None:
    codec = take(sender(), receiver())
    save_bundle(codec, {}, tmp_path / "bundle")
    read = load_bundle(tmp_path / "bundle").codec
    batch = torch.rand(5, 1, 8, 8, generator=generator_for("images"))
    for other in (read, copy.deepcopy(read), pickle.loads(pickle.dumps(read))):
        assert torch.equal(other.encode(batch).symbols, codec.encode(batch).symbols)
    assert torch.equal(read.state_dict()["files"], codec.state_dict()["files"])
    path = tmp_path / "bundle" / "decoder.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"\2")
    with pytest.raises(BundleError, match="was changed after it was stored"):
        load_bundle(tmp_path / "bundle")


def test_digests_of_other_files_are_refused(take: Callable[..., OnnxCodec]) -> None:
    """What certificates bind to stands for the files, also where somebody wrote the whole folder."""
    codec = take(sender(), receiver())
    codec.load_state_dict(codec.state_dict())
    with pytest.raises(RuntimeError, match="other ONNX files"):
        codec.load_state_dict({"files": torch.zeros(2, 32, dtype=torch.uint8)})


@pytest.mark.parametrize("latent", [[], [0, 64], [2**40], [3, 21], [2, 16], [1] * 9, "64", [0.5]])
def test_forged_configurations_are_refused(latent: Any) -> None:
    with pytest.raises(WrongField):
        OnnxCodecConfig(height=8, width=8, channels=1, bandwidth_ratio=0.5, latent=latent)


def test_nothing_trains_it(take: Callable[..., OnnxCodec]) -> None:
    codec = take(sender(), receiver())
    for use in (codec.check_trainable, lambda: codec.like(0), lambda: OnnxCodec.create({}, IMAGES, (), 0)):
        with pytest.raises(CodecError, match="can be measured and audited, but not trained"):
            use()


def test_external_weights_come_from_the_own_folder_alone(tmp_path: Path) -> None:
    def saved(location: str) -> Path:
        model = sender().model()
        onnx.external_data_helper.set_external_data(model.graph.initializer[0], location, 0, 4)
        model.graph.initializer[0].ClearField("raw_data")
        (tmp_path / "E.onnx").write_bytes(model.SerializeToString())
        return tmp_path / "E.onnx"

    receiver().save(tmp_path / "D.onnx")
    (tmp_path / "weights.bin").write_bytes(np.float32(0.5).tobytes())
    (tmp_path / "link.bin").symlink_to(tmp_path / "weights.bin")
    imported = import_onnx(saved("weights.bin"), tmp_path / "D.onnx", IMAGES, **PUBLISHED)
    assert imported.changed == ("weights from weights.bin are inside now",)
    for location in ("../weights.bin", str(tmp_path / "weights.bin"), "/etc/passwd", "link.bin", ""):
        with pytest.raises(CodecError, match="no file of its own folder"):
            import_onnx(saved(location), tmp_path / "D.onnx", IMAGES, **PUBLISHED)
    for location in ("missing.bin", "."):
        with pytest.raises(CodecError, match=r"cannot be used|no file of its own"):
            import_onnx(saved(location), tmp_path / "D.onnx", IMAGES, **PUBLISHED)
    (tmp_path / "weights.bin").write_bytes(b"ab")
    with pytest.raises(CodecError, match=r"beyond the end of weights\.bin"):
        import_onnx(saved("weights.bin"), tmp_path / "D.onnx", IMAGES, **PUBLISHED)
    with pytest.raises(CodecError, match="has weights outside"):
        onnx_graph.OnnxGraph(saved("weights.bin").read_bytes(), "E.onnx")


def changed(make: Callable[..., Graph] = sender, **changes: Any) -> Graph:
    graph = make()
    for name, value in changes.items():
        setattr(graph, name, value)
    return graph


def bomb() -> Graph:
    """A constant of 10^12 elements, of which one number is left."""
    graph = sender()
    graph.constants["size"] = np.array([10**12])
    graph.nodes += [
        ("ConstantOfShape", ["size"], ["many"], {}),
        ("ReduceSum", ["many"], ["sum"], {"keepdims": 0}),
        ("Add", ["latent", "sum"], ["heavy"], {}),
    ]
    graph.outputs = {"heavy": ["n", 64]}
    return graph


def loop() -> Graph:
    body = Graph([("Identity", ["go"], ["on"], {})], {}, {}).model().graph
    graph = sender()
    graph.constants |= {"count": np.array(2**62), "true": np.array(True)}
    graph.nodes.append(("Loop", ["count", "true"], [], {"body": body}))
    return graph


def with_nan() -> Graph:
    graph = sender()
    graph.nodes += [("Log", ["latent"], ["logarithm"], {})]
    graph.outputs = {"logarithm": ["n", 64]}
    return graph


@pytest.mark.parametrize(
    ("one", "two", "told"),
    [
        (sender(shape=(1, 9, 9)), receiver(), "does not fit images of"),
        (sender(shape=(8, 8, 1)), receiver(), "--layout nhwc"),
        (sender(batch=4), receiver(), "does not fit images of"),
        (sender(), receiver(latent=(32,)), "give the two ends of one codec"),
        (sender(), receiver(shape=(2, 32)), "--layout of both"),
        (changed(kind=onnx.TensorProto.INT8), receiver(), "cannot be run|before it was quantised"),
        (changed(nodes=[("Identity", ["image"], ["latent"], {})], kind=onnx.TensorProto.INT8), receiver(), "quantised"),
        (changed(inputs={"image": ["n", 1, 8, 8], "snr": ["n"]}), receiver(), "a sender here does not know the noise"),
        (sender(latent=(63,)), receiver(), "cannot be run with"),
        (with_nan(), receiver(), "no finite numbers"),
        (bomb(), receiver(), "more than 268435456 elements"),
        (loop(), receiver(), "loops or branches"),
        (changed(domain="own"), receiver(), "operators of own"),
        (changed(nodes=[("Nonsense", ["image"], ["latent"], {})]), receiver(), "does not fit together|cannot be run"),
        (changed(nodes=[]), receiver(), "empty one"),
    ],
)
def test_graphs_that_cannot_be_taken_are_told(
    take: Callable[..., OnnxCodec], one: Graph, two: Graph, told: str
) -> None:
    with pytest.raises(SemlinkError, match=told):
        take(one, two)


def test_an_odd_number_of_values_is_refused(take: Callable[..., OnnxCodec]) -> None:
    one = sender()
    one.constants |= {"start": np.array([0]), "end": np.array([63]), "axis": np.array([1])}
    one.nodes.append(("Slice", ["latent", "start", "end", "axis"], ["odd"], {}))
    one.outputs = {"odd": ["n", 63]}
    with pytest.raises(SemlinkError, match="63 real values"):
        take(one, receiver())


def test_weights_larger_than_the_file_are_refused(tmp_path: Path) -> None:
    model = sender().model()
    model.graph.initializer[0].dims[:] = [10**6, 10**6]
    with pytest.raises(CodecError, match="larger than the file"):
        onnx_graph.OnnxGraph(model.SerializeToString(), "E.onnx")


def test_what_is_no_file_of_onnx_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver().save(tmp_path / "D.onnx")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "text.onnx").write_text("This is no network.")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    for name in ("pipe", "text.onnx", "dangling", "missing", "."):
        with pytest.raises(CodecError, match="ONNX file"):
            import_onnx(tmp_path / name, tmp_path / "D.onnx", IMAGES, **PUBLISHED)
    monkeypatch.setattr(onnx_graph, "FILE_MOST", 100)
    with pytest.raises(CodecError, match="file too large"):
        import_onnx(tmp_path / "D.onnx", tmp_path / "D.onnx", IMAGES, **PUBLISHED)
