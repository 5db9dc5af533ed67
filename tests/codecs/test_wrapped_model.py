"""What wrapped codecs add to two modules: pairing, noise variance, sizes, losses, and ends for other runtimes."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import semlink as sl
from semlink.channels.awgn import Awgn
from semlink.channels.contract import Reception
from semlink.codecs.building import new_codec
from semlink.codecs.bundle import load_bundle, save_bundle
from semlink.codecs.image.windows import Windows
from semlink.codecs.interop.tracing import trace
from semlink.errors import CodecError, WrongField
from semlink.seeding import generator_for
from semlink.simulator.sources.contract import Record
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings

RANDOM = np.random.default_rng(0)
IMAGES = list(RANDOM.integers(0, 256, (12, 8, 6), dtype=np.uint8))
RECORDS = [Record(f"r-{index}", image, "x", 0) for index, image in enumerate(IMAGES)]
pytestmark = pytest.mark.usefixtures("wrapped_codecs")


class Same(nn.Module):
    """What comes in goes out, times a weight of 1; it remembers what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, values: Tensor) -> Tensor:
        self.seen = values.detach().clone()
        return values * self.weight


class Told(Same):
    def forward(self, values: Tensor, noise_variance: Tensor | None = None) -> Tensor:
        self.noise_variance = noise_variance
        return super().forward(values)


class Complex(Same):
    def forward(self, values: Tensor) -> Tensor:
        return super().forward(torch.complex(values, -values))


class ComplexTold(Told):
    def forward(self, values: Tensor, noise_variance: Tensor | None = None) -> Tensor:
        return super().forward(values.real, noise_variance)


def test_values_side_by_side_are_one_channel_use() -> None:
    sl.wrap(Same, Same, name="same")
    codec: Any = new_codec("same", {}, IMAGES, 0)
    batch = codec.prepare(IMAGES)
    frame = codec.encode(batch)
    rows = batch.flatten(1)
    expected = torch.complex(rows[:, 0::2], rows[:, 1::2])
    scale = expected.abs().square().mean(dim=1, keepdim=True).sqrt()
    torch.testing.assert_close(frame.symbols, expected / scale)
    assert frame.mask.all()
    codec.decode(Awgn()(frame, math.inf, generator_for("noise")))
    torch.testing.assert_close(codec.decoder.seen, batch / scale.view(-1, 1, 1, 1))


@pytest.mark.parametrize(("encoder", "decoder", "uses"), [(Same, Told, 24), (Complex, ComplexTold, 48)])
def test_each_value_knows_the_noise_of_its_channel_use(encoder: Any, decoder: Any, uses: int) -> None:
    sl.wrap(encoder, decoder, name="same")
    codec: Any = new_codec("same", {}, IMAGES, 0)
    frame = codec.encode(codec.prepare(IMAGES))
    assert codec.uses == uses
    variance = torch.linspace(0.01, 1, uses).expand(len(IMAGES), uses)
    codec.decode(Reception(frame.symbols, variance, frame.mask))
    expected = variance if uses == 48 else variance.repeat_interleave(2, dim=1)
    torch.testing.assert_close(codec.decoder.noise_variance, expected.reshape(len(IMAGES), 1, 8, 6))
    for extreme in (0.0, 1e9):
        codec.decode(Reception(frame.symbols, torch.tensor(extreme), frame.mask))
        assert codec.decoder.noise_variance.log().abs().max() <= 6.001


def test_the_loss_is_the_users_and_sees_what_the_decoder_gives() -> None:
    class Bright(Same):
        def forward(self, values: Tensor) -> Tensor:
            return super().forward(values) + 3

    sl.wrap(Same, Bright, name="bright", loss=lambda estimate, data: (estimate - data).abs().mean(dim=1))
    codec: Any = new_codec("bright", {}, IMAGES, 0)
    batch = codec.prepare(IMAGES)
    reception = Awgn()(codec.encode(batch), math.inf, generator_for("noise"))
    estimate = codec.decoder(codec.latent.of_symbols(reception.symbols))
    losses, there = codec.element_losses(batch, reception)
    torch.testing.assert_close(losses, (estimate - batch).abs().flatten(1))
    assert there.shape == losses.shape
    assert codec.decode(reception).max() == 1
    assert codec.predict(batch, reception).images.max() > 3


def test_classes_have_losses_of_their_own() -> None:
    class Scores(nn.Module):
        def __init__(self, classes: int, height: int, width: int) -> None:
            super().__init__()
            self.layer = nn.Linear(height * width, classes)

        def forward(self, latent: Tensor) -> Tensor:
            scores: Tensor = self.layer(latent.flatten(1))
            return scores

    hinge = nn.MultiMarginLoss(reduction="none")
    sl.wrap(Same, Scores, name="hinge", delivers="class", loss=hinge)
    codec: Any = new_codec("hinge", {}, IMAGES, 0, labels=("a", "b", "c"))
    batch = codec.labelled(codec.prepare(IMAGES), torch.arange(12) % 3)
    reception = Awgn()(codec.encode(batch), 10.0, generator_for("noise"))
    torch.testing.assert_close(codec.loss(batch, reception), hinge(codec.scores(reception), batch.labels))
    assert codec.decode(reception).shape == (12, 3)
    with pytest.raises(CodecError, match="have no class"):
        codec.loss(codec.prepare(IMAGES), reception)
    with pytest.raises(WrongField, match="at least two classes"):
        new_codec("hinge", {"classes": 1}, IMAGES, 0)


def test_convolutions_take_other_sizes_and_other_modules_get_windows() -> None:
    codec: Any = new_codec("wrapped", {}, IMAGES, 0).eval()
    larger = codec.sized((16, 20))
    assert type(larger) is type(codec)
    images = RANDOM.integers(0, 256, (2, 16, 20), dtype=np.uint8)
    batch = larger.prepare(list(images))
    assert larger.channel_uses(batch).tolist() == [4 * 8 * 10 // 2] * 2
    assert larger.decode(Awgn()(larger.encode(batch), 10.0, generator_for("noise"))).shape == (2, 1, 16, 20)
    assert codec.sized((8, 6)) is codec
    odd = codec.sized((7, 6))  # its convolutions would make 8 rows of them
    assert isinstance(odd, Windows)
    batch = odd.prepare([image[:7] for image in IMAGES])
    assert odd.decode(Awgn()(odd.encode(batch), 10.0, generator_for("noise"))).shape == (12, 1, 7, 6)
    assert odd.channel_uses(batch).tolist() == [codec.uses] * 12


def test_sides_are_made_multiples_and_cut_off_again() -> None:
    encoder, decoder = nn.Conv2d(1, 4, 4, stride=4), nn.ConvTranspose2d(4, 1, 4, stride=4)
    sl.wrap(encoder, decoder, name="strided")
    with pytest.raises(CodecError, match=r"multiple=4"):
        new_codec("strided", {}, IMAGES, 0)
    sl.wrap(encoder, decoder, name="multiple", multiple=4)
    codec: Any = new_codec("multiple", {}, IMAGES, 0)
    batch = codec.prepare(IMAGES)
    reception = Awgn()(codec.encode(batch), 10.0, generator_for("noise"))
    assert codec.uses == 4 * 2 * 2 // 2
    assert codec.decode(reception).shape == batch.shape
    assert codec.loss(batch, reception).shape == (12,)


@pytest.mark.parametrize("name", ["wrapped", "wrapped-classes"])
def test_both_ends_have_a_graph_of_real_numbers(name: str) -> None:
    codec: Any = new_codec(name, {}, IMAGES, 0).eval()
    batch = codec.prepare(IMAGES)
    frame, ends = codec.encode(batch), codec.export_ends()
    reception = Awgn()(frame, 10.0, generator_for("noise"))
    traced = {part: trace(end) for part, end in ends.functions.items()}
    assert all(traced[part].end == end for part, end in ends.functions.items())  # batches may be of any size
    graphs = {part: one.program.module(check_guards=False) for part, one in traced.items()}
    for graph in graphs.values():
        made = [node.meta.get("val") for node in graph.graph.nodes]
        assert not any(isinstance(value, Tensor) and value.is_complex() for value in made)
    symbols, used = graphs["encoder"](*ends.inputs(batch))
    torch.testing.assert_close(torch.view_as_complex(symbols), frame.symbols)
    assert torch.equal(used, frame.mask)
    estimate = ends.estimate(reception, lambda part, *inputs: graphs[part](*inputs))
    torch.testing.assert_close(estimate, codec.decode(reception))


def trained(steps: int, checkpoint: Path | None = None, settings: Any = None) -> dict[str, Tensor]:
    codec: Any = new_codec("wrapped", {"dropout": 0.5}, IMAGES, 0)
    settings = settings or TrainingSettings(steps=steps, batch=4, warmup=2, validate=5)
    train(codec, RECORDS[:8], RECORDS[8:], Awgn(), settings, 0, checkpoint=checkpoint)
    weights: dict[str, Tensor] = codec.state_dict()
    return weights


def test_dropout_is_a_function_of_the_seed_and_stopped_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    whole = trained(10)
    torch.manual_seed(2)
    assert all(torch.equal(value, whole[name]) for name, value in trained(10).items())
    kind, calls = type(new_codec("wrapped", {}, IMAGES, 0)), []
    objective = kind.objective

    def stopped(self: Any, *arguments: Any) -> Tensor:
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        result: Tensor = objective(self, *arguments)
        return result

    monkeypatch.setattr(kind, "objective", stopped)
    with pytest.raises(KeyboardInterrupt):
        trained(10, tmp_path / "checkpoint")
    monkeypatch.setattr(kind, "objective", objective)
    resumed = trained(10, tmp_path / "checkpoint")
    assert all(torch.equal(value, whole[name]) for name, value in resumed.items())


class Stubborn(nn.Module):
    """It computes with values while it is made, and keeps a tensor that torch does not know of."""

    def __init__(self, height: int, width: int, hidden: int = 8) -> None:
        super().__init__()
        self.rates = [rate.item() for rate in torch.linspace(0, 1, 3)]
        self.scale = torch.full((1,), 2.0)
        self.register_buffer("shift", torch.full((1,), 3.0), persistent=False)
        self.size = height, width
        self.layers = nn.Sequential(nn.Linear(height * width, hidden), nn.Linear(hidden, height * width))

    def forward(self, values: Tensor) -> Tensor:
        made: Tensor = self.layers(values.flatten(1)) * self.scale + self.shift
        images: Tensor = made.unflatten(1, (1, *self.size))
        return images


def test_stored_and_loaded_whatever_the_modules_do_when_they_are_made(tmp_path: Path) -> None:
    sl.wrap(Stubborn, Stubborn, name="stubborn")
    codec: Any = new_codec("stubborn", {"hidden": 5}, IMAGES, 0).eval()
    save_bundle(codec, {"codec": "stubborn"}, tmp_path / "bundle")
    before = torch.get_rng_state()
    loaded = load_bundle(tmp_path / "bundle").codec
    assert torch.equal(torch.get_rng_state(), before)
    batch = codec.prepare(IMAGES)
    assert torch.equal(loaded.encode(batch).symbols, codec.encode(batch).symbols)
    reception = Awgn()(codec.encode(batch), 10.0, generator_for("noise"))
    assert torch.equal(loaded.decode(reception), codec.decode(reception))
    assert loaded.config.hidden == 5


def test_a_stored_configuration_cannot_ask_for_any_size() -> None:
    sl.wrap(Plain, Plain, name="plain")
    codec: Any = new_codec("plain", {}, IMAGES, 0)
    object.__setattr__(codec.config, "hidden", 1 << 20)
    with torch.device("meta"), pytest.raises(CodecError, match=r"would have .* weights; .* are the most"):
        type(codec)(codec.config)


class Plain(nn.Sequential):
    def __init__(self, height: int, width: int, hidden: int = 8) -> None:
        pixels = height * width
        super().__init__(
            nn.Flatten(), nn.Linear(pixels, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, pixels),
            nn.Unflatten(1, (1, height, width)),
        )  # fmt: skip


def test_a_reception_of_another_codec() -> None:
    codec: Any = new_codec("wrapped", {}, IMAGES, 0)
    reception = Awgn()(codec.encode(codec.prepare(IMAGES)), 10.0, generator_for("noise"))
    cut = dataclasses.replace(
        reception, symbols=reception.symbols[:, :-1], noise_variance=torch.ones(1), mask=reception.mask[:, :-1]
    )
    with pytest.raises(CodecError, match="is not from this codec"):
        codec.decode(cut)
