"""A codec small enough to unlearn in a second, images for it, and the pieces of an erasure."""

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from semlink.channels import build_channel
from semlink.channels.contract import Reception
from semlink.codecs.building import new_codec
from semlink.codecs.configuration import CodecConfig
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.posterior import Posterior
from semlink.codecs.prediction import Pixels
from semlink.codecs.task.model import TaskCodec
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods.mnemonic.codes import MnemonicCodes
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest, request_from

TRAINING = TrainingSettings(steps=300, batch=32, learning_rate=5e-3, snr_db=(5.0, 15.0), validate=100)


class ToyConfig(CodecConfig):
    model_type = "toy"
    uses: int = 6


class ToyCodec(NeuralCodec[Tensor]):
    """Images of 6 by 6 pixels through a small network each side of 6 channel uses."""

    modality: ClassVar[Literal["image"]] = "image"
    config_class = ToyConfig

    def __init__(self, config: ToyConfig) -> None:
        super().__init__(config)
        size = 2 * config.uses
        self.encoder = nn.Sequential(nn.Linear(36, 64), nn.GELU(), nn.Linear(64, 2 * size))
        self.decoder = nn.Sequential(nn.Linear(size, 64), nn.GELU(), nn.Linear(64, 36), nn.Sigmoid())
        self.post_init()

    def prepare(self, payloads: Sequence[np.ndarray]) -> Tensor:
        return torch.tensor(np.stack(payloads)[:, None] / 255.0, dtype=torch.float32)

    def represent(self, batch: Tensor) -> Posterior:
        mean, spread = self.encoder(batch.flatten(1)).view(len(batch), self.config.uses, 4).split(2, dim=-1)
        mask = torch.ones(mean.shape[:2], dtype=torch.bool)
        if self.config.variational:
            return Posterior(mean, spread - 4, mask, sampled=True)
        return Posterior(mean / mean.square().mean(dim=(1, 2), keepdim=True).sqrt(), mean * 0 - 3, mask, sampled=False)

    def decode(self, reception: Reception) -> Tensor:
        pixels: Tensor = self.decoder(torch.view_as_real(reception.symbols).flatten(1))
        return pixels.view(-1, 1, 6, 6)

    def element_losses(self, batch: Tensor, reception: Reception) -> tuple[Tensor, Tensor]:
        losses = (self.decode(reception) - batch).square().flatten(1)
        return losses, torch.ones_like(losses, dtype=torch.bool)

    @property
    def sender(self) -> tuple[nn.Module, ...]:
        return (self.encoder,)

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        return (self.decoder,)

    def predict(self, batch: Tensor, reception: Reception) -> Pixels:
        return Pixels(self.decode(reception))

    def mislabel(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        return batch[torch.randperm(len(batch), generator=generator)]

    def embed(self, latent: Tensor, mask: Tensor) -> Tensor:
        return (latent * mask.unsqueeze(-1)).flatten(1)

    def as_metric_input(self, batch: Tensor) -> Tensor:
        return batch

    def reference(self, payloads: Sequence[np.ndarray]) -> Tensor:
        return self.prepare(payloads)

    def channel_uses(self, batch: Tensor) -> Tensor:
        return torch.full((len(batch),), self.config.uses)


def new_toy(variational: bool = False, seed: int = 0) -> ToyCodec:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return ToyCodec(ToyConfig(variational=variational))


def images(name: str, count: int, seed: int) -> list[Record]:
    """Sums of four smooth patterns; the records of the owner "ann" also carry a bright corner that no other has."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:6, 0:6] / 5
    patterns = np.stack([rows, columns, np.sin(3 * rows) * columns, np.cos(3 * columns)])
    records = []
    for index in range(count):
        pixels = np.tensordot(generator.dirichlet(np.ones(4)), patterns, axes=1) * 150 + 20
        owner = ("ann", "ben", "cleo", "dora")[index % 4]
        if owner == "ann":
            pixels[:2, :2] = 255
        records.append(Record(f"{name}-{index}", pixels.clip(0, 255).astype(np.uint8), owner, index % 3))
    return records


@pytest.fixture(scope="session")
def source() -> Source:
    return Source(
        "toy", "image", images("train", 400, 1), images("validation", 80, 2), images("test", 120, 3), ("a", "b", "c")
    )


@pytest.fixture(scope="session")
def request_for() -> Callable[..., ErasureRequest]:
    def make(by: str, *values: object) -> ErasureRequest:
        content = {"id": "r-1", "time": "2026-03-01T09:30:00+01:00", "reason": "consent withdrawn"}
        return request_from({**content, "selection": {"by": by, "values": list(values)}}, "a test")

    return make


@pytest.fixture(scope="session")
def partition(source: Source, request_for: Callable[..., ErasureRequest]) -> Partition:
    return divide(source, request_for("owner", "ann"))


@pytest.fixture(scope="session")
def context_for() -> Callable[..., ErasureContext]:
    def make(variational: bool = False, **fields: Any) -> ErasureContext:
        given = {"channel": build_channel("awgn"), "training": TRAINING, "seed": 7}
        return ErasureContext(**{**given, "fresh": lambda: new_toy(variational, 5), **fields})

    return make


@pytest.fixture(scope="session")
def fresh_toy() -> Callable[..., ToyCodec]:
    return new_toy


@pytest.fixture(scope="session")
def stored(source: Source) -> dict[bool, ToyCodec]:
    """A trained codec of each kind: whether it is variational."""
    codecs = {variational: new_toy(variational) for variational in (False, True)}
    for codec in codecs.values():
        train(codec, source.train, source.validation, build_channel("awgn"), TRAINING, seed=3)
    return codecs


@pytest.fixture(params=[False, True], ids=["deterministic", "variational"])
def trained(stored: dict[bool, ToyCodec], request: pytest.FixtureRequest) -> ToyCodec:
    """A trained codec of the test's own."""
    return copy.deepcopy(stored[request.param])


@pytest.fixture(scope="session")
def text_training() -> TrainingSettings:
    """How the text codec of the tests is trained."""
    return TrainingSettings(steps=150, batch=24, learning_rate=5e-3, warmup=10, snr_db=12.0, validate=150)


@pytest.fixture(scope="session")
def lines() -> Partition:
    """Sentences about four people; the request names one of them."""
    records = [
        Record(f"{name}-{verb}-{thing}", f"{name.title()} {verb} {thing}.", "team")
        for name in ("ray", "sue", "tom", "ann")
        for verb in ("sees", "holds", "sends")
        for thing in ("symbols", "noise", "a frame", "power")
    ]
    forget = [record for record in records if record.id.startswith("ray")]
    retain = [record for record in records if not record.id.startswith("ray")]
    return Partition(forget, retain, retain[:8], retain[8:], ("ray",))


@pytest.fixture(scope="session")
def make_speaker(lines: Partition, text_training: TrainingSettings) -> Callable[[str], NeuralCodec[Any]]:
    """Trains a text codec with a receiver on those sentences, once; tests change copies of it alone."""
    size = {"d_model": 32, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1, "max_length": 8}
    records = [*lines.forget, *lines.retain]

    @functools.cache
    def make(receiver: str) -> NeuralCodec[Any]:
        codec = new_codec("text", {**size, "receiver": receiver}, [record.payload for record in records], 0)
        train(codec, records, lines.validation, build_channel("awgn"), text_training, 0)
        return codec

    return make


@pytest.fixture(scope="session")
def speaker(make_speaker: Callable[[str], NeuralCodec[Any]]) -> NeuralCodec[Any]:
    """A text codec that estimates all words at once."""
    return make_speaker("one_pass")


PICTURES = {"encoder": "mlp", "hidden": 24, "uses": 6, "receiver_hidden": 16}
NAMES = ("rows", "columns", "diagonal")


def pictures(name: str, count: int, seed: int) -> list[Record]:
    """Stripes of 6 by 6 pixels in one of three directions, which are the classes, with a random phase and noise."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:6, 0:6]
    across = rows, columns, (rows + columns) / 2
    records = []
    for index in range(count):
        label = index % len(NAMES)
        stripes = np.sin(1.6 * across[label] + generator.uniform(0, 2 * np.pi))
        pixels = 128 + 60 * stripes + generator.normal(0, 30, (6, 6))
        owner = ("ann", "ben", "cleo", "dora")[generator.integers(4)]
        records.append(Record(f"{name}-{index}", pixels.clip(0, 255).astype(np.uint8), owner, label))
    return records


@pytest.fixture(scope="session")
def labelled_source() -> Source:
    return Source(
        "pictures",
        "image",
        pictures("train", 300, 1),
        pictures("validation", 60, 2),
        pictures("test", 120, 3),
        NAMES,
    )


@pytest.fixture(scope="session")
def class_partition(labelled_source: Source, request_for: Callable[..., ErasureRequest]) -> Partition:
    """A class has to go: a third of the records, unseen ones of its kind among `forget_test`."""
    return divide(labelled_source, request_for("label", "columns"))


@pytest.fixture(scope="session")
def sample_partition(labelled_source: Source, request_for: Callable[..., ErasureRequest]) -> Partition:
    """Some records of every class have to go."""
    return divide(labelled_source, request_for("owner", "ann"))


@pytest.fixture(scope="session")
def fresh_classifier(labelled_source: Source) -> Callable[..., TaskCodec]:
    def make(seed: int = 0, **fields: object) -> TaskCodec:
        payloads = [record.payload for record in labelled_source.train]
        codec = new_codec("task", {**PICTURES, **fields}, payloads, seed, NAMES)
        assert isinstance(codec, TaskCodec)
        return codec

    return make


@pytest.fixture(scope="session")
def class_context_for(fresh_classifier: Callable[..., TaskCodec]) -> Callable[..., ErasureContext]:
    """What a method knows of the classifier; there are codes of its classes, though training mixed none in."""

    def make(**fields: Any) -> ErasureContext:
        given = {"channel": build_channel("awgn"), "training": TRAINING, "seed": 7}
        given |= {"fresh": lambda: fresh_classifier(5), "codes": MnemonicCodes.drawn(len(NAMES), (1, 6, 6), 0)}
        return ErasureContext(**{**given, **fields})

    return make


@pytest.fixture(scope="session")
def stored_classifier(labelled_source: Source, fresh_classifier: Callable[..., TaskCodec]) -> TaskCodec:
    codec = fresh_classifier()
    train(codec, labelled_source.train, labelled_source.validation, build_channel("awgn"), TRAINING, seed=3)
    return codec


@pytest.fixture
def classifier(stored_classifier: TaskCodec) -> TaskCodec:
    """A trained codec that infers classes, of the test's own."""
    return copy.deepcopy(stored_classifier)


@pytest.fixture(scope="session")
def sharded_context(labelled_source: Source) -> ErasureContext:
    """What a method knows of the codec with parts."""
    fields, payloads = {**PICTURES, "shards": 3}, [record.payload for record in labelled_source.train]
    return ErasureContext(
        build_channel("awgn"),
        TRAINING,
        7,
        lambda: new_codec("sharded-task", fields, payloads, 5, labelled_source.labels),
    )


@pytest.fixture(scope="session")
def stored_sharded(labelled_source: Source, sharded_context: ErasureContext) -> NeuralCodec[Any]:
    codec = sharded_context.fresh()
    train(codec, labelled_source.train, labelled_source.validation, sharded_context.channel, TRAINING, seed=3)
    return codec


@pytest.fixture
def sharded(stored_sharded: NeuralCodec[Any]) -> NeuralCodec[Any]:
    """A trained codec of three parts, of the test's own."""
    return copy.deepcopy(stored_sharded)
