"""Tiny codecs, one for each registry entry and each text receiver, and payloads for them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from semlink.codecs import CODECS
from semlink.codecs.building import new_codec
from semlink.codecs.neural_codec import NeuralCodec

SENTENCES = [
    "The sender encodes.",
    "A receiver decodes what the channel left, symbol by symbol.",
    "Noise is added to every symbol!",
    "Forget the sender.",
    "The channel, being noisy, forgets.",
]
SMALL = {"d_model": 16, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1}
FIELDS: dict[str, dict[str, object]] = {
    "text": {**SMALL, "symbols_per_token": 3, "max_length": 14},
    "autoregressive text": {**SMALL, "symbols_per_token": 3, "max_length": 14, "receiver": "autoregressive"},
    "image": {**SMALL, "bandwidth_ratio": 0.3},
    "deepjscc": {"bandwidth_ratio": 0.25, "adaptive": True},
    "deepsc": {**SMALL, "symbols_per_token": 3, "channel_hidden": 12, "max_length": 14, "adaptive": True},
    "task": {"encoder": "mlp", "hidden": 24, "uses": 12, "classes": 3, "receiver_hidden": 16},
    "generative": {"network": "mlp", "hidden": 24, "uses": 12, "classes": 3, "conditional": True},
    "gan": {"network": "mlp", "hidden": 24, "uses": 12, "classes": 3},
    "convolutional generative": {"filters": 4, "uses": 12, "classes": 3},
    "sharded-task": {"shards": 2, "encoder": "mlp", "hidden": 24, "uses": 13, "classes": 3, "receiver_hidden": 16},
    "convolutional task": {"encoder": "conv", "filters": 4, "uses": 12, "classes": 3},
    "residual task": {"encoder": "resnet18", "filters": 8, "uses": 12, "classes": 3},
    "wrapped": {},
    "wrapped-classes": {"classes": 3},
    "attentive task": {"encoder": "vit", "d_model": 16, "heads": 2, "patch": 2, "uses": 12, "classes": 3},
}


@dataclass(frozen=True)
class Case:
    """A registry entry with fields and payloads to build it from."""

    name: str
    fields: dict[str, object]
    payloads: list[Any]

    def codec(self, seed: int = 0, **fields: object) -> NeuralCodec[Any]:
        """A fresh codec, ready to use."""
        codec = new_codec(self.name, {**self.fields, **fields}, self.payloads, seed)
        codec.eval()
        return codec

    def batch(self, codec: NeuralCodec[Any], *rows: int) -> Any:
        """The payloads, or those of these rows, as a batch whose records have classes."""
        chosen = list(rows) or list(range(len(self.payloads)))
        return codec.labelled(codec.prepare([self.payloads[row] for row in chosen]), torch.tensor(chosen) % 3)


def images() -> list[Any]:
    return list(np.random.default_rng(0).integers(0, 256, (5, 8, 6), dtype=np.uint8))


def titled(title: str) -> Case:
    """The case of that title in FIELDS, which is the name of a codec, or a word for a part of it and the name."""
    name = title.split()[-1]
    return Case(name, FIELDS[title], SENTENCES if CODECS[name].modality == "text" else images())


@pytest.fixture(params=[*CODECS, "autoregressive text"])
def case(request: pytest.FixtureRequest, pretrained: Callable[[str], Path], wrapped_codecs: None) -> Case:
    """`title`, or `title on backbone` of the tiny pretrained encoders."""
    title, _, backbone = request.param.partition(" on ")
    plain = titled(title)
    if not backbone:
        return plain
    fields = {field: value for field, value in plain.fields.items() if field != "encoder_layers"}
    fields |= {"backbone": str(pretrained(backbone))} | ({"max_length": 36} if plain.name == "text" else {})
    return Case(plain.name, fields, plain.payloads)


@pytest.fixture
def text() -> Case:
    return titled("text")


@pytest.fixture(scope="session")
def speaking() -> Case:
    """The text codec that says one word after the other."""
    return titled("autoregressive text")


@pytest.fixture
def image() -> Case:
    return titled("image")


@pytest.fixture
def deepjscc() -> Case:
    return titled("deepjscc")
