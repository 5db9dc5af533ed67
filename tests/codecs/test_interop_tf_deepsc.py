"""A DeepSC that TensorFlow trained says the same after it was taken in: logits to 1e-4, and the same words."""

import functools
import importlib.util
import json
import math
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from semlink.channels.contract import Reception
from semlink.codecs.bundle import load_bundle
from semlink.codecs.deepsc.model import DeepSc
from semlink.codecs.interop.tf_checkpoint import read_checkpoint
from semlink.codecs.interop.tf_deepsc import import_deepsc, read_vocabulary
from semlink.codecs.optional_import import install_command
from semlink.errors import CodecError
from semlink.experiments.workflow.imports import import_bundle
from semlink.experiments.workflow.machine import Machine

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = pytest.mark.filterwarnings("ignore")  # of TensorFlow and Keras about themselves

WORDS = [
    "a",
    "channel",
    "codec",
    "every",
    "forgets",
    "hears",
    "it",
    "loses",
    "noisy",
    "one",
    "sends",
    "symbol",
    "the",
    "word",
]
SUBJECTS, VERBS = (
    ("the codec", "a channel", "one noisy channel", "every word", "it"),
    ("forgets", "hears", "loses", "sends"),
)
OBJECTS = ("a symbol", "the word", "every noisy symbol", "it", "one word")
SENTENCES = [f"{one} {two} {three}" for one in SUBJECTS for two in VERBS for three in OBJECTS]
TABLE = {"<PAD>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3} | {word: 4 + place for place, word in enumerate(WORDS)}
LONGEST = 9


@pytest.fixture(scope="module")
def tensorflow() -> Any:
    return pytest.importorskip("tensorflow", reason=install_command("tensorflow"))


@functools.cache
def published() -> Any:
    """The module beside this file, which needs TensorFlow."""
    spec = importlib.util.spec_from_file_location("tensorflow_deepsc", Path(__file__).with_name("tensorflow_deepsc.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def trained(tensorflow: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """The model, and the folder with its checkpoint `ckpt-1` and its vocabulary."""
    tensorflow.random.set_seed(0)
    model = published().Transceiver(len(TABLE), hidden=20)
    published().trained(model, [[TABLE[word] for word in sentence.split()] for sentence in SENTENCES], 200)
    folder = tmp_path_factory.mktemp("checkpoint")
    tensorflow.train.CheckpointManager(
        tensorflow.train.Checkpoint(Transceiver=model), str(folder), max_to_keep=1
    ).save()
    (folder / "vocab.json").write_text(json.dumps({"token_to_idx": TABLE}))
    return model, folder


@torch.no_grad()
def differences(model: Any, codec: DeepSc, deviation: float, sentences: Sequence[str] = SENTENCES) -> tuple[float, int]:
    """Largest difference of logits, and how many sentences are decoded otherwise, one by one, with the same noise.

    deviation: of the noise in each real value of the original.
    """
    logits_of, say = published().compiled(model), published().say
    rows = [TABLE["<PAD>"], TABLE["<UNK>"], *(TABLE[word] for word in WORDS), TABLE["<START>"], TABLE["<END>"]]
    generator, largest, other = np.random.default_rng(0), 0.0, 0
    for sentence in sentences:
        ids = np.array([[TABLE["<START>"], *(TABLE[word] for word in sentence.split()), TABLE["<END>"]]])
        noise = deviation * generator.normal(size=(1, ids.shape[1], 6)).astype(np.float32)
        logits = logits_of(ids, ids[:, :-1], noise)[:, rows]
        batch = codec.prepare([sentence])
        frame = codec.encode(batch)
        air = torch.view_as_complex(torch.from_numpy(noise).reshape(1, -1, 2).contiguous()) / codec.config.amplitude
        reception = Reception(frame.symbols + air, torch.ones(1, 1), frame.mask)
        found = codec.semantic_decoder.projection(codec.element_features(batch, reception)).numpy()
        largest = max(largest, float(np.abs(found - logits).max()))
        said = say(logits_of, ids, noise, LONGEST)
        words = [rows.index(word) for word in said if word != TABLE["<END>"]]
        other += codec.decode(reception).ids[0].tolist() != words
    return largest, other


@pytest.mark.parametrize(("power", "deviation"), [("complex", 0.0), ("complex", 0.3), ("real", 0.3)])
def test_logits_and_words_are_those_of_the_original(
    trained: tuple[Any, Path], power: Any, deviation: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 sentences. With "real" the original normalises as PyTorch versions of it do."""
    model, folder = trained
    monkeypatch.setattr(model.channel_encoder, "factor", 2.0 if power == "complex" else 1.0)
    imported = import_deepsc(folder / "ckpt-1", folder / "vocab.json", 2, LONGEST, power)
    assert len(SENTENCES) == 100
    largest, other = differences(model, imported.codec, deviation)
    print(f"power {power}, noise {deviation}: largest difference of logits {largest:.1e}, {other} sentences differ")
    assert largest <= 1e-4
    assert other == 0
    assert imported.label_offset_db == pytest.approx(0.0 if power == "complex" else 10 * math.log10(2))


def test_the_wrong_positions_are_noticed_by_such_a_comparison(trained: tuple[Any, Path]) -> None:
    model, folder = trained
    imported = import_deepsc(folder, folder / "vocab.json", 2, LONGEST, positions="pair")
    assert differences(model, imported.codec, 0.0, SENTENCES[:3])[0] > 1e-2


def _module(tensorflow: Any, names: dict[str, Any]) -> Any:
    """The tree of names as TensorFlow modules."""
    made = tensorflow.Module()
    heads = {name.split("/")[0] for name in names}
    for head in sorted(heads):
        inner = {name.partition("/")[2]: value for name, value in names.items() if name.split("/")[0] == head}
        if "" in inner:
            part = tensorflow.Variable(inner[""])
        elif all(name.split("/")[0].isdigit() for name in inner):
            part = [
                _module(
                    tensorflow,
                    {
                        name.partition("/")[2]: value
                        for name, value in inner.items()
                        if name.split("/")[0] == str(number)
                    },
                )
                for number in range(len({name.split("/")[0] for name in inner}))
            ]
        else:
            part = _module(tensorflow, inner)
        setattr(made, head, part)
    return made


def test_a_saved_model_with_the_names_of_keras_2(trained: tuple[Any, Path], tensorflow: Any, tmp_path: Path) -> None:
    _, folder = trained
    weights = dict(read_checkpoint(folder).weights)
    assert "Transceiver/channel_encoder/dense0/kernel" in weights
    numbered = {re.sub(r"/layer_(\d+)/", r"/layers/\1/", name): value for name, value in weights.items()}
    assert "Transceiver/semantic_encoder/layers/0/sl1/wq/kernel" in numbered
    tensorflow.saved_model.save(_module(tensorflow, numbered), str(tmp_path / "saved"))
    one, two = (import_deepsc(place, folder / "vocab.json", 2, LONGEST) for place in (folder, tmp_path / "saved"))
    for name, weight in one.codec.state_dict().items():
        assert torch.equal(two.codec.state_dict()[name], weight)


def test_the_bundle_tells_where_every_tensor_went(trained: tuple[Any, Path], tmp_path: Path) -> None:
    _, folder = trained
    (tmp_path / "sentences.txt").write_text("\n".join(SENTENCES) + "\n")
    source = f"text-file:path={tmp_path / 'sentences.txt'}"
    options = {"vocabulary": folder / "vocab.json", "heads": 2, "max_length": LONGEST, "power": "real"}
    import_bundle(
        "tf-deepsc", {"checkpoint": folder, **options}, source, tmp_path / "bundle", Machine(), "theirs",
        ["training.steps=5"], 9.0,
    )  # fmt: skip
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.card["imported"]["label_offset_db"] == pytest.approx(3.0103, abs=1e-4)
    assert bundle.card["training_snr_db"] == pytest.approx(12.0103, abs=1e-4)
    told = json.loads((tmp_path / "bundle" / "import.json").read_text())
    assert sorted(told["used"]) == sorted(bundle.codec.state_dict())
    assert set(told["unused"]) == {"_CHECKPOINTABLE_OBJECT_GRAPH", "save_counter/.ATTRIBUTES/VARIABLE_VALUE"}
    assert told["missing"] == []


def test_a_checkpoint_without_its_layers_is_refused(tensorflow: Any, trained: tuple[Any, Path], tmp_path: Path) -> None:
    """What Keras 3 leaves of a model whose layers are in a list."""
    weights = {name: value for name, value in read_checkpoint(trained[1]).weights.items() if "/layer_" not in name}
    tensorflow.train.Checkpoint(net=_module(tensorflow, weights)).write(str(tmp_path / "ckpt"))
    with pytest.raises(CodecError, match="Keras 3"):
        import_deepsc(tmp_path / "ckpt", trained[1] / "vocab.json", 2, LONGEST)


def test_a_vocabulary_without_a_mark_says_which(tmp_path: Path) -> None:
    table = {mark: number for number, mark in enumerate(("<PAD>", "<START>", "<UNK>", "a"))}
    (tmp_path / "vocab.json").write_text(json.dumps({"token_to_idx": table}))
    with pytest.raises(CodecError, match="it lacks <END>; give"):
        read_vocabulary(tmp_path / "vocab.json")


def test_what_is_no_checkpoint_is_refused(tensorflow: Any, trained: tuple[Any, Path], tmp_path: Path) -> None:
    with pytest.raises(CodecError, match="There is no checkpoint"):
        read_checkpoint(tmp_path)
    for file in trained[1].glob("ckpt-1.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes()[:40])
    with pytest.raises(CodecError, match="no TensorFlow 2 checkpoint"):
        read_checkpoint(tmp_path / "ckpt-1")


def test_without_tensorflow_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(CodecError, match=r"pip install .*tensorflow.* ai-edge-litert"):
        read_checkpoint(tmp_path)
