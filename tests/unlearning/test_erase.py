"""The erasure flow and its certificate."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from semlink.codecs.neural_codec import NeuralCodec
from semlink.simulator.sources.contract import Source
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import ErasureContext, Method
from semlink.unlearning.erase import erase
from semlink.unlearning.methods.baselines.gradient_ascent import GradientAscent
from semlink.unlearning.methods.baselines.retrain import Retrain
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest
from semlink.version import __version__

Requests = Callable[..., ErasureRequest]


@pytest.mark.parametrize("method", [GradientAscent(steps=8, batch=16), Retrain()])
def test_certificate(
    method: Method,
    trained: NeuralCodec[Any],
    source: Source,
    context_for: Callable[..., ErasureContext],
    request_for: Requests,
) -> None:
    context = context_for()
    context = replace(context, training=replace(context.training, steps=20, validate=20))
    partition = divide(source, request_for("owner", "ann"))
    erased, content = erase(trained, partition, method, context, snr_db=(0.0, 10.0))
    assert json.loads(json.dumps(content)) == content
    retrains = isinstance(method, Retrain)
    assert content["forgotten_records"] == 100
    assert content["read_records"] == ({"retain": 300, "validation": 60} if retrains else {"forget": 100})
    assert content["method"]["name"] == ("retrain" if retrains else "gradient-ascent")
    assert content["method"]["settings"].get("steps") == (None if retrains else 8)
    assert (content["steps"], content["samples"]) == ((20, 640) if retrains else (8, 128))
    assert (content["seed"], content["code_version"], content["device"]) == (7, __version__, "cpu")
    assert [(loss["set"], loss["snr_db"], loss["n"]) for loss in content["mean_loss"]] == [
        ("forget", 0.0, 100), ("forget", 10.0, 100), ("validation", 0.0, 60), ("validation", 10.0, 60)
    ]  # fmt: skip
    batch = trained.prepare([record.payload for record in partition.forget])
    for version, codec in (("before", trained), ("after", erased.codec)):
        assert content["mean_loss"][1][version] == mean_loss(codec, batch, context.channel, 10.0, context.seed)
    assert "vocabulary" in content["does_not_prove"]
    assert ("no proof that no memory" in content["does_not_prove"]) is not retrains


def test_empty_validation_set_is_left_out(
    trained: NeuralCodec[Any], source: Source, context_for: Callable[..., ErasureContext], request_for: Requests
) -> None:
    bare = replace(source, validation=[record for record in source.validation if record.owner == "ann"])
    partition = divide(bare, request_for("owner", "ann"))
    _, content = erase(trained, partition, GradientAscent(steps=1), context_for(), (0.0,))
    assert [loss["set"] for loss in content["mean_loss"]] == ["forget"]
