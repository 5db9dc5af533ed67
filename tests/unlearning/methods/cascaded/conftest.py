"""Small generative codecs, trained on patterns of three classes until their discriminators know the records."""

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from semlink.channels import build_channel
from semlink.codecs.building import new_codec, new_codec_like
from semlink.codecs.neural_codec import NeuralCodec
from semlink.simulator.sources.contract import Record
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import ErasureContext, Partition

SMALL = {"network": "mlp", "hidden": 64, "uses": 4, "classes": 3}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("gan", {**SMALL, "conditional": False}),
    "conditional": ("gan", SMALL),
    "link": ("generative", SMALL),
}
STEPS = {"plain": 200, "conditional": 1500, "link": 200}
LESSONS = TrainingSettings(
    steps=200, batch=32, learning_rate=2e-3, weight_decay=0, warmup=1, snr_db=20.0, clip=1e3, momentum=0.5, keep="last",
    validate=2000,
)  # fmt: skip


def patterns(name: str, count: int, seed: int) -> list[Record]:
    """A bar at the left, at the top, or along the diagonal, of random strength and with noise that differs in each."""
    generator = np.random.default_rng(seed)
    shapes = np.zeros((3, 8, 8))
    shapes[0, :, :3], shapes[1, :3], shapes[2] = 1, 1, np.eye(8)
    records = []
    for index in range(count):
        pixels = 200 * generator.uniform(0.6, 1) * shapes[index % 3] + generator.normal(25, 25, (8, 8))
        records.append(Record(f"{name}-{index}", pixels.clip(0, 255).astype(np.uint8), "x", index % 3))
    return records


@pytest.fixture(scope="session")
def records() -> dict[str, list[Record]]:
    return {
        name: patterns(name, count, seed)
        for seed, (name, count) in enumerate({"train": 150, "unseen": 150, "test": 300}.items())
    }


@pytest.fixture(scope="session")
def items(records: dict[str, list[Record]]) -> Partition:
    """The first 30 records of all classes."""
    train = records["train"]
    return Partition(train[:30], train[30:], records["unseen"], records["test"])


@pytest.fixture(scope="session")
def one_class(records: dict[str, list[Record]]) -> Partition:
    """All of class 2."""
    forget, retain = ([one for one in records["train"] if (one.label == 2) is it] for it in (True, False))
    validation, test = ([one for one in records[name] if one.label != 2] for name in ("unseen", "test"))
    return Partition(forget, retain, validation, test, labels=(2,))


@pytest.fixture(scope="session")
def make_gan(records: dict[str, list[Record]]) -> Callable[[str], NeuralCodec[Any]]:
    """A trained codec of a kind; tests do not change it."""

    @functools.cache
    def make(kind: str) -> NeuralCodec[Any]:
        name, fields = KINDS[kind]
        codec = new_codec(name, fields, [record.payload for record in records["train"]], 0)
        train(codec, records["train"], records["unseen"], build_channel("awgn"), replace(LESSONS, steps=STEPS[kind]), 0)
        return codec

    return make


def snow(name: str, count: int, seed: int) -> list[Record]:
    """Images that have nothing in common, so that a discriminator can only learn them by heart."""
    images = np.random.default_rng(seed).normal(128, 50, (count, 8, 8)).clip(0, 255).astype(np.uint8)
    return [Record(f"{name}-{index}", image, "x", index % 3) for index, image in enumerate(images)]


@pytest.fixture(scope="session")
def knowing() -> tuple[NeuralCodec[Any], Partition]:
    """A plain GAN whose discriminator knows its training records by heart, and some of these to forget."""
    train_, unseen, test = (
        snow(name, count, seed) for seed, (name, count) in enumerate((("train", 60), ("unseen", 150), ("test", 300)))
    )
    name, fields = KINDS["plain"]
    codec = new_codec(name, fields, [record.payload for record in train_], 0)
    train(codec, train_, unseen, build_channel("awgn"), replace(LESSONS, steps=600), 0)
    return codec, Partition(train_[:15], train_[15:], unseen, test)


@pytest.fixture(scope="session")
def setting() -> Callable[..., ErasureContext]:
    def make(codec: NeuralCodec[Any], **fields: Any) -> ErasureContext:
        given = {
            "channel": build_channel("awgn"),
            "training": LESSONS,
            "seed": 1,
            "fresh": lambda: new_codec_like(codec, 9),
        }
        return ErasureContext(**{**given, **fields})

    return make
