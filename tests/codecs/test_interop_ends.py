"""The ends of a codec alone give what the codec gives, as modules and as graphs without complex numbers."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from semlink.channels import build_channel
from semlink.channels.contract import Reception
from semlink.codecs import CODECS
from semlink.codecs.building import new_codec
from semlink.codecs.ends import Argument, End, as_decoder_inputs
from semlink.codecs.interop.exported import Exported
from semlink.codecs.interop.exporting import export_codec
from semlink.codecs.interop.runner import Runner
from semlink.codecs.interop.tracing import trace
from semlink.errors import CodecError, UnknownName
from semlink.seeding import generator_for


class Direct(Runner):
    """An end, or its graph, as if under another runtime."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        with torch.no_grad():
            return tuple(one.numpy() for one in self.module(*map(torch.from_numpy, inputs)))


def alone(codec: Any, runners: dict[str, Runner] | None = None) -> Any:
    runners = runners or {name: Direct(end.module) for name, end in codec.export_ends().functions.items()}
    return Exported(codec, runners)


def arrived(codec: Any, payloads: Any) -> Reception:
    reception: Reception = build_channel("rayleigh")(
        codec.encode(codec.prepare(payloads)), 12.0, generator_for(0, "test")
    )
    return reception


def values(estimate: Any) -> Tensor:
    return estimate if isinstance(estimate, Tensor) else getattr(estimate, "images", getattr(estimate, "ids", None))


@pytest.mark.parametrize("case", [*(name for name in CODECS if name != "gan"), "autoregressive text"], indirect=True)
@torch.no_grad()
def test_ends_alone_are_the_codec(case: Any) -> None:
    codec = case.codec()
    ends, batch, reception = alone(codec), case.batch(codec), arrived(codec, case.payloads)
    frame, other = codec.encode(batch), ends.encode(batch)
    torch.testing.assert_close(other.symbols, frame.symbols, rtol=0, atol=1e-6)
    assert torch.equal(other.mask, frame.mask)
    torch.testing.assert_close(values(ends.decode(reception)), values(codec.decode(reception)), rtol=0, atol=1e-5)


def test_a_variational_codec_sends_its_mean(image: Any) -> None:
    codec = image.codec(variational=True)
    batch = codec.prepare(image.payloads)
    with torch.no_grad():
        torch.testing.assert_close(alone(codec).encode(batch).symbols, codec.encode(batch).symbols, rtol=0, atol=1e-6)


def test_log_probabilities_are_those_of_the_codec(text: Any, speaking: Any) -> None:
    """Normalised, nothing for padding, and no end before the first word."""
    codec = text.codec()
    reception = arrived(codec, text.payloads)
    (log_probabilities,) = alone(codec).run("decoder", *as_decoder_inputs(reception))
    torch.testing.assert_close(log_probabilities.exp().sum(dim=-1), torch.ones(log_probabilities.shape[:2]))
    assert (log_probabilities[..., 0] < -1000).all()
    batch = codec.prepare(text.payloads)
    expected = codec.predict(batch, reception).scores[:, 1:].log_softmax(dim=-1)
    torch.testing.assert_close(log_probabilities[batch.mask][:, 1:], expected, rtol=0, atol=1e-5)
    codec = speaking.codec()
    ends, end = alone(codec), codec.semantic_decoder.end
    memory = ends.run("decoder", *as_decoder_inputs(arrived(codec, speaking.payloads)))
    count = len(speaking.payloads)
    first, second = (ends.run("step", *memory, torch.tensor([said] * count))[0] for said in ([end], [end, 2]))
    assert (first[:, end] < -1000).all()
    assert (second[:, end] > -1000).all()


def _sized(end: End, batch: int, length: int) -> list[Tensor]:
    generator = generator_for(0, "sizes", batch, length)
    sizes = {"batch": batch, "length": length, "words": length}
    made = [one.example(sizes) for one in end.inputs]
    return [one * torch.rand(one.shape, generator=generator) if one.is_floating_point() else one for one in made]


@pytest.mark.parametrize(
    ("title", "name"), [("text", "encoder"), ("speaking", "decoder"), ("speaking", "step"), ("deepjscc", "decoder")]
)
def test_graphs_are_real_and_take_other_sizes(title: str, name: str, request: pytest.FixtureRequest) -> None:
    end = request.getfixturevalue(title).codec().export_ends().functions[name]
    traced = trace(end)
    assert traced.end == end
    graph = traced.program.module(check_guards=False)
    for node in graph.graph.nodes:
        made = node.meta.get("val")
        assert not (isinstance(made, Tensor) and made.is_complex())
    for batch, length in ((1, 1), (2, 5), (7, 14)):
        inputs = _sized(end, batch, length)
        with torch.no_grad():
            for found, expected in zip(graph(*inputs), end.module(*inputs), strict=True):
                torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


class CountsOn(nn.Module):
    """Works for any batch, but reads its size as a number."""

    def forward(self, image: Tensor) -> tuple[Tensor]:
        return (image + torch.arange(len(image)).sum(),)


def test_an_end_that_counts_on_a_batch_takes_one_example_at_a_time(image: Any) -> None:
    argument = Argument("image", "float32", ("batch", 2))
    traced = trace(End(CountsOn(), (argument,), (argument,), "The same."))
    assert traced.end.inputs == traced.end.outputs == (Argument("image", "float32", (1, 2)),)
    codec = image.codec()
    single = Exported(codec, {"encoder": OneByOne()}, {"encoder"})
    images = torch.arange(6.0).view(3, 2)
    assert torch.equal(single.run("encoder", images)[0], 2 * images)


class OneByOne(Runner):
    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        assert len(inputs[0]) == 1
        return (2 * inputs[0],)


def test_what_cannot_be_exported_is_refused(speaking: Any, image: Any, text: Any, tmp_path: Any) -> None:
    with pytest.raises(CodecError, match="beams=2"):
        speaking.codec(beams=2).export_ends()
    with pytest.raises(CodecError, match="Gan cannot be exported"):
        new_codec("gan", {"classes": 3}, image.payloads, 0).export_ends()
    with pytest.raises(UnknownName, match="onnx"):
        export_codec(image.codec(), "sha256:0", "onxx", "both", tmp_path / "out")
    with pytest.raises(UnknownName, match="encoder"):
        export_codec(image.codec(), "sha256:0", "onnx", "encodr", tmp_path / "out")
    with pytest.raises(CodecError, match="--size"):
        export_codec(image.codec(), "sha256:0", "onnx", "both", tmp_path / "out", (16, 16))
    with pytest.raises(CodecError, match="--size"):
        export_codec(text.codec(), "sha256:0", "onnx", "both", tmp_path / "out", (16, 16))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(CodecError, match="no export"):
        export_codec(image.codec(), "sha256:0", "onnx", "both", tmp_path / "mine")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["letter.txt", "mine"]
