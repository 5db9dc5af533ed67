"""A DeepJSCC of the public PyTorch code computes the same after it was taken in; what is none is refused unread."""

import io
import json
import math
import os
import pickle
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from semlink.channels.awgn import Awgn
from semlink.channels.contract import Reception
from semlink.codecs.bundle import load_bundle
from semlink.codecs.deepjscc.model import DeepJscc
from semlink.codecs.interop import torch_file
from semlink.codecs.interop.torch_deepjscc import import_deepjscc
from semlink.codecs.interop.torch_file import read_torch_file
from semlink.codecs.pixels import pixels_of
from semlink.errors import CodecError
from semlink.experiments.workflow.imports import import_bundle
from semlink.experiments.workflow.machine import Machine
from semlink.seeding import generator_for
from semlink.simulator.sources.cifar10 import GRIDS_SHA256
from semlink.simulator.sources.tile_grid import read_tile_grid

DATA = os.environ.get("SEMLINK_DATA")
SENT, RECEIVED = (16, 32, 32, 32), (32, 32, 32, 16)


def state(filters: int = 4, channels: int = 3, kernel: int = 5) -> dict[str, Tensor]:
    """A checkpoint of that code with random weights: PReLU with one slope, of the decoder's layers the same one."""
    generator = generator_for("deepjscc", filters, channels)
    weights: dict[str, Tensor] = {}

    def layer(name: str, *shape: int) -> None:
        weights[f"{name}.weight"] = torch.randn(shape, generator=generator) / math.sqrt(25 * shape[1])
        weights[f"{name}.bias"] = 0.1 * torch.randn(shape["transconv" in name], generator=generator)

    widths = (channels, *SENT, 2 * filters)
    for number in range(5):
        layer(f"encoder.conv{number + 1}.conv", widths[number + 1], widths[number], 5, 5)
        weights[f"encoder.conv{number + 1}.prelu.weight"] = torch.rand(1, generator=generator)
    widths = (2 * filters, *RECEIVED, channels)
    slope = torch.rand(1, generator=generator)
    for number in range(5):
        size = kernel if number > 2 else 5
        layer(f"decoder.tconv{number + 1}.transconv", widths[number], widths[number + 1], size, size)
        if number < 4:
            weights[f"decoder.tconv{number + 1}.activate.weight"] = slope
    return weights


def sent(weights: dict[str, Tensor], images: Tensor) -> Tensor:
    """What that code sends: real values of mean square 1 over each image."""
    for number, stride in enumerate((2, 2, 1, 1, 1), start=1):
        name = f"encoder.conv{number}"
        images = functional.conv2d(images, weights[f"{name}.conv.weight"], weights[f"{name}.conv.bias"], stride, 2)
        images = functional.prelu(images, weights[f"{name}.prelu.weight"])
    return images / images.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()


def received(weights: dict[str, Tensor], values: Tensor) -> Tensor:
    for number, stride in enumerate((1, 1, 1, 2, 2), start=1):
        name = f"decoder.tconv{number}"
        filters, bias = (weights[f"{name}.transconv.{part}"] for part in ("weight", "bias"))
        values = functional.conv_transpose2d(values, filters, bias, stride, 2, stride - 1)
        if number < 5:
            values = functional.prelu(values, weights[f"{name}.activate.weight"])
    return values.sigmoid()


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[object], Path]:
    def store(content: object) -> Path:
        path = tmp_path / "checkpoint.pt"
        torch.save(content, path)
        return path

    return store


@pytest.mark.parametrize(("filters", "channels", "size"), [(4, 3, (32, 32)), (1, 1, (12, 20))])
def test_sender_and_receiver_compute_the_same(
    stored: Callable[[object], Path], filters: int, channels: int, size: tuple[int, int]
) -> None:
    weights = state(filters, channels)
    imported = import_deepjscc(stored(weights), *size)
    codec = imported.codec
    assert codec.config.filters == filters
    assert codec.config.bandwidth_ratio == filters / (16 * channels)
    images = torch.rand(3, channels, *size, generator=generator_for("images"))
    with torch.no_grad():
        frame = codec.encode(images)
        theirs = sent(weights, images)
        pairs = torch.view_as_complex(theirs.unflatten(1, (-1, 2)).movedim(2, -1).contiguous()).flatten(1)
        assert torch.allclose(frame.symbols * math.sqrt(2), pairs, atol=1e-5)
        noise = torch.randn(frame.symbols.shape, dtype=torch.complex64, generator=generator_for("noise"))
        arrived = frame.symbols + 0.3 * noise
        values = torch.view_as_real(arrived * math.sqrt(2)).unflatten(1, (filters, size[0] // 4, size[1] // 4))
        estimate = codec.decode(Reception(arrived, torch.tensor(0.09), frame.mask))
        assert torch.allclose(estimate, received(weights, values.movedim(-1, 2).flatten(1, 2)), atol=1e-5)
    assert imported.label_offset_db == pytest.approx(10 * math.log10(2))
    assert sorted(imported.used) == sorted(codec.state_dict())
    assert not imported.unused


def test_names_of_parallel_training_and_wrapped_weights_are_known(stored: Callable[[object], Path]) -> None:
    weights = state()
    plain = import_deepjscc(stored(weights), 32, 32).codec.state_dict()
    wrapped = {"epoch": 7, "state_dict": {f"module.{name}": value for name, value in weights.items()}}
    for name, value in import_deepjscc(stored(wrapped), 32, 32).codec.state_dict().items():
        assert torch.equal(value, plain[name])


def test_what_is_no_part_of_it_is_told(stored: Callable[[object], Path]) -> None:
    imported = import_deepjscc(stored({**state(), "discriminator.weight": torch.ones(2)}), 32, 32)
    assert imported.unused == ("discriminator.weight",)
    assert "decoder.tconv1.transconv.weight times sqrt(2)" in imported.changed


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda weights: weights.pop("encoder.conv5.conv.weight"), "it lacks encoder.conv1 to conv5"),
        (lambda weights: weights.pop("encoder.conv2.conv.bias"), "nothing for encoder.2.bias"),
        (lambda weights: weights.update({"encoder.conv5.conv.weight": torch.ones(7, 32, 5, 5)}), "7 real values"),
        (lambda weights: weights.update({"encoder.conv3.conv.weight": torch.ones(32, 32, 3, 3)}), "not (32, 32, 5, 5)"),
        (lambda weights: weights.update(state(kernel=6)), "kernels of 6 x 6"),
    ],
)
def test_other_networks_are_refused(
    stored: Callable[[object], Path], change: Callable[[dict[str, Tensor]], Any], told: str
) -> None:
    weights = state()
    change(weights)
    with pytest.raises(CodecError, match=r"The checkpoint|is no DeepJSCC") as refused:
        import_deepjscc(stored(weights), 32, 32)
    assert told in str(refused.value)


class Running:
    """What a pickle can do where somebody lets it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("ran",)


def test_a_checkpoint_that_would_run_code_does_not(
    stored: Callable[[object], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hidden = stored({**state(), "extra": Running()})
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps({"extra": Running()}))
    for path in (hidden, tmp_path / "plain.pkl"):
        with pytest.raises(CodecError, match="no state dict that can be read safely"):
            read_torch_file(path)
    assert not (tmp_path / "ran").exists()


def test_archives_that_grow_are_refused(stored: Callable[[object], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(state())
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        for name in given.namelist():
            written.writestr(name, given.read(name))
    with pytest.raises(CodecError, match="an entry is compressed"):
        read_torch_file(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(CodecError, match="no state dict"):
        read_torch_file(path)
    path.write_bytes(content)
    monkeypatch.setattr(torch_file, "FILE_MOST", 1000)
    with pytest.raises(CodecError, match="file too large"):
        read_torch_file(path)


def test_tensors_larger_than_the_file_are_refused(stored: Callable[[object], Path]) -> None:
    """One number that is said to be a table of them."""
    path = stored({"encoder.conv1.conv.weight": torch.ones(1).expand(10**9, 10**6)})
    with pytest.raises(CodecError, match="larger than the file"):
        read_torch_file(path)


@pytest.mark.parametrize("content", [[torch.ones(2)], {}, {"weight": "none"}, {3: torch.ones(2)}, torch.ones(2)])
def test_what_is_no_table_of_tensors_is_refused(stored: Callable[[object], Path], content: object) -> None:
    with pytest.raises(CodecError, match=r"torch\.save"):
        read_torch_file(stored(content))


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    (tmp_path / "text.pt").write_text("weights")
    for name in ("pipe", "missing", ".", "text.pt"):
        with pytest.raises(CodecError, match=r"torch\.save"):
            read_torch_file(tmp_path / name)


def test_the_bundle_tells_labels_pairs_and_where_every_tensor_went(
    stored: Callable[[object], Path], tmp_path: Path
) -> None:
    path = stored(state(2, 1))
    import_bundle("deepjscc-pytorch", {"checkpoint": path}, "digits", tmp_path / "out", Machine(), "theirs", (), 7.0)
    bundle = load_bundle(tmp_path / "out")
    assert isinstance(bundle.codec, DeepJscc)
    assert bundle.card["training_snr_db"] == pytest.approx(10.0103, abs=1e-4)
    assert bundle.card["recipe"]["training"]["snr_db"] == pytest.approx(10.0103, abs=1e-4)
    told = json.loads((tmp_path / "out" / "import.json").read_text())
    assert told["pairs"] == "filters 2i and 2i + 1 at one place"
    assert sorted(told["used"]) == sorted(bundle.codec.state_dict())


@pytest.mark.skipif(not (DATA and Path(DATA, "checkpoints", "deepjscc").is_dir()), reason="needs SEMLINK_DATA")
def test_a_public_checkpoint_gives_its_figure() -> None:
    """27.30 dB at an Es/N0 of 10 dB, measured with the public code on the first 2,000 exact test images of CIFAR-10.

    The mean over 2,000 images varies with the noise by less than 0.01 dB (standard deviation); 0.1 dB is taken.
    """
    folder = Path(DATA or "")
    codec = import_deepjscc(folder / "checkpoints" / "deepjscc" / "c4_label7dB.pt", 32, 32).codec
    images = read_tile_grid(folder / "cifar10" / "test.webp", GRIDS_SHA256["test.webp"], 32)
    with np.load(folder / "cifar10" / "labels.npz") as labels:
        exact = np.delete(np.arange(10_000), labels["approx_test"])[:2000]
    psnr = []
    with torch.no_grad():
        for part in pixels_of([images[index] for index in exact], 32, 32, 3).split(250):
            arrived = Awgn()(codec.encode(part), 10.0, generator_for("noise", len(psnr)))
            errors = (codec.decode(arrived) - part).square().mean(dim=(1, 2, 3))
            psnr.append(-10 * errors.log10())
    assert torch.cat(psnr).mean().item() == pytest.approx(27.30, abs=0.1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(value: float, tmp_path: Path) -> None:
    weights = state()
    weights["encoder.conv1.conv.weight"].view(-1)[3] = value
    torch.save(weights, tmp_path / "diverged.pt")
    with pytest.raises(CodecError, match=r"encoder\.0\.weight that are no finite numbers"):
        import_deepjscc(tmp_path / "diverged.pt", 32, 32)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda weights: {name: value.to(torch.complex64) for name, value in weights.items()}, "is complex"),
        (lambda weights: {**weights, **{f"module.{name}": value for name, value in weights.items()}}, "in it twice"),
    ],
)
def test_what_two_readers_would_take_differently_is_refused(
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]], words: str, tmp_path: Path
) -> None:
    torch.save(change(state()), tmp_path / "odd.pt")
    with pytest.raises(CodecError, match=words):
        read_torch_file(tmp_path / "odd.pt")
