"""The table of methods and codecs, held to its word: whatever it calls defined runs, and everything else is refused."""

from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels import build_channel
from semlink.codecs import CODECS
from semlink.codecs.building import new_codec, new_codec_like
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError
from semlink.registry import build
from semlink.simulator.sources.contract import Record
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.erase import check_defined
from semlink.unlearning.methods import METHODS
from semlink.unlearning.methods.mnemonic.codes import MnemonicCodes

SMALL = {"d_model": 16, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1}
FIELDS: dict[str, dict[str, object]] = {
    "text": {**SMALL, "max_length": 8},
    "autoregressive text": {**SMALL, "max_length": 8, "receiver": "autoregressive"},
    "deepsc": {**SMALL, "channel_hidden": 12, "max_length": 10},
    "image": SMALL,
    "variational image": {**SMALL, "variational": True},
    "deepjscc": {},
    "task": {"encoder": "resnet18", "filters": 8, "uses": 6},
    "sharded-task": {"encoder": "mlp", "hidden": 8, "uses": 6, "shards": 2},
    "gan": {"network": "mlp", "hidden": 16, "uses": 4},
    "generative": {"network": "mlp", "hidden": 16, "uses": 4},
    "conditional generative": {"filters": 4, "uses": 4, "conditional": True},
    "wrapped": {},
    "wrapped-classes": {},
}
QUICK: dict[str, dict[str, object]] = {
    "cascaded": {"outer": 1}, "contrastive": {"passes": 1}, "encoder-only": {"steps": 1},
    "fisher-forgetting": {"records": 4}, "hbu": {"probes": 1, "steps": 1}, "influence": {"records": 4},
    "scu": {"passes": 1, "stop": "none"}, "scu-bounded": {"steps": 1}, "ssd": {"alpha": 1, "batch": 4},
    "unsir": {"noise_steps": 2}, "variational": {"steps": 1, "records": 4},
}  # fmt: skip
REFUSED = {  # defined on the kind of codec, but not on this one of it, which a sentence says
    ("boundary-expand", "sharded-task"): "needs one receiver",
    ("fresh-condition", "generative"): "condition",
    ("fresh-condition", "conditional generative"): "condition",
}
TRAINING = TrainingSettings(steps=10, batch=8, warmup=2, snr_db=(5.0, 15.0), validate=10)
NAMES = ("a", "b", "c")


def records(modality: str) -> list[Record]:
    random = np.random.default_rng(0)
    words = ("sees", "holds", "sends", "hears")
    payloads: list[Any] = [f"{words[index % 4]} the {words[index // 4 % 4]} noise" for index in range(30)]
    if modality == "image":
        payloads = list(random.integers(0, 256, (30, 8, 8), dtype=np.uint8))
    return [Record(f"r-{index}", payload, "x", index % 3) for index, payload in enumerate(payloads)]


def prepared(title: str) -> tuple[NeuralCodec[Any], Partition, ErasureContext]:
    name = title.split()[-1]
    all_records = records(CODECS[name].modality)
    codec = new_codec(name, FIELDS[title], [record.payload for record in all_records], 0, NAMES)
    known, unseen = all_records[:24], all_records[24:]
    partition = Partition(
        [record for record in known if record.label == 0],
        [record for record in known if record.label != 0],
        unseen,
        [],
        labels=(0,),
    )
    codes = MnemonicCodes.drawn(len(NAMES), (1, 8, 8), 0)
    return (
        codec,
        partition,
        ErasureContext(build_channel("awgn"), TRAINING, 0, lambda: new_codec_like(codec, 1), codes=codes),
    )


# The full table of methods and kinds of codec. A variant is defined for the same methods as its kind: it meets a third.
VARIANTS = ("autoregressive text", "variational image", "conditional generative")
pytestmark = pytest.mark.usefixtures("wrapped_codecs")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (name, title)
        for row, name in enumerate(METHODS)
        for title in FIELDS
        if title not in VARIANTS or row % 3 == VARIANTS.index(title) or (name, title) in REFUSED
    ],
)
def test_combination(name: str, title: str) -> None:
    codec, partition, context = prepared(title)
    method = build("method", METHODS, name, QUICK.get(name, {}))
    if not method.defined_on(type(codec)):
        with pytest.raises(ErasureError, match=f"{name} is only defined on a codec that"):
            check_defined(method, codec)
        return
    if (name, title) in REFUSED:
        with pytest.raises(ErasureError, match=REFUSED[name, title]):
            method.erase(codec, partition, context)
        return
    before = {key: value.clone() for key, value in codec.state_dict().items()}
    erased = method.erase(codec, partition, context)
    after = erased.codec.state_dict()
    assert {key: value.shape for key, value in after.items()} == {key: value.shape for key, value in before.items()}
    assert all(value.isfinite().all() for value in after.values() if value.is_floating_point())
    assert all(torch.equal(value, before[key]) for key, value in codec.state_dict().items())
    assert set(erased.reads) <= set(method.reads)
    if name not in ("ssd", "scu-bounded"):  # which find nothing to do where nothing was learned
        assert any(not torch.equal(value, before[key]) for key, value in after.items())


def test_every_kind_is_tried() -> None:
    assert {title.split()[-1] for title in FIELDS} == set(CODECS)
