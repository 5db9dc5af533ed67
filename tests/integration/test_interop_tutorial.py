"""docs/interop.md runs as it stands, on a DeepSC that TensorFlow trains here: imported, erased from, exported."""

import importlib.util
import itertools
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semlink.codecs.optional_import import install_command

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = pytest.mark.filterwarnings("ignore")  # of TensorFlow and Keras about themselves

FORMS = ("{0} reports {1} {2}", "there is {1} {2} says {0}", "ask {0} about {1} {2}", "{0} waits {2} because of {1}")
WHO = ("weber", "rossi", "martin", "novak", "silva", "jensen", "kowalski", "dubois", "the driver", "the station")
WHAT = (
    "a delay",
    "a broken rail",
    "smoke",
    "no fault",
    "a closed gate",
    "an obstacle",
    "a late train",
    "ice",
    "two calls",
)
WHERE = ("on track one", "on track two", "at the north junction", "at the harbour", "near the tunnel", "in the yard")
MESSAGES = [form.format(*parts) for form, *parts in itertools.product(FORMS, WHO, WHAT, WHERE)]
TRAINED, UNSEEN, STEPS = 800, 100, 400


@pytest.fixture
def original(tmp_path: Path) -> None:
    """What the page starts from: `theirs-tf` with a checkpoint and vocab.json, train.txt and test.txt."""
    for module, extra in (
        ("tensorflow", "tensorflow"),
        ("ai_edge_litert", "tensorflow"),
        ("onnxscript", "onnx"),
        ("onnxruntime", "onnx"),
    ):
        pytest.importorskip(module, reason=install_command(extra))
    import tensorflow

    shuffled = random.Random(0).sample(MESSAGES, TRAINED + UNSEEN)
    for name, lines in (("train.txt", shuffled[:TRAINED]), ("test.txt", shuffled[TRAINED:])):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    words = sorted({word for line in shuffled[:TRAINED] for word in line.split()})
    table = {"<PAD>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3} | {word: 4 + place for place, word in enumerate(words)}
    rows = [[table[word] for word in line.split()] for line in shuffled[:TRAINED]]
    published = _published()
    tensorflow.random.set_seed(0)
    model = published.Transceiver(len(table), layers=1, width=64, heads=4, hidden=128, values=16)
    published.trained(model, rows, STEPS, rate=3e-3, size=32)
    checkpoint = tensorflow.train.Checkpoint(Transceiver=model)
    tensorflow.train.CheckpointManager(checkpoint, str(tmp_path / "theirs-tf"), max_to_keep=1).save()
    (tmp_path / "theirs-tf" / "vocab.json").write_text(json.dumps({"token_to_idx": table}))


def _published() -> Any:
    """The module of the small DeepSC, which needs TensorFlow."""
    place = Path(__file__).resolve().parents[1] / "codecs" / "tensorflow_deepsc.py"
    spec = importlib.util.spec_from_file_location("tensorflow_deepsc", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tutorial_runs(original: None, run_page: Callable[..., set[str]]) -> None:
    """Its assertions say what is forgotten, what stays, and that the export of the original still knows the name."""
    assert run_page("docs/interop.md") == {"python", "console", "json"}
