"""Tiny codecs, one for each registry entry, and payloads for them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semlink.codecs import CODECS, NeuralCodec, new_codec

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
    "image": {**SMALL, "bandwidth_ratio": 0.3},
    "deepjscc": {"bandwidth_ratio": 0.25, "adaptive": True},
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


def images() -> list[Any]:
    return list(np.random.default_rng(0).integers(0, 256, (5, 8, 6), dtype=np.uint8))


@pytest.fixture(params=CODECS)
def case(request: pytest.FixtureRequest, pretrained: Callable[[str], Path]) -> Case:
    """`name`, or `name on backbone` of the tiny pretrained encoders."""
    name, _, backbone = request.param.partition(" on ")
    payloads = {"text": SENTENCES, "image": images()}
    fields = dict(FIELDS[name])
    if backbone:
        del fields["encoder_layers"]
        fields |= {"backbone": str(pretrained(backbone))} | ({"max_length": 36} if name == "text" else {})
    return Case(name, fields, payloads[CODECS[name].modality])


@pytest.fixture
def text() -> Case:
    return Case("text", FIELDS["text"], SENTENCES)


@pytest.fixture
def image() -> Case:
    return Case("image", FIELDS["image"], images())


@pytest.fixture
def deepjscc() -> Case:
    return Case("deepjscc", FIELDS["deepjscc"], images())
