"""The image classifier knows its source, is the same each time, and comes back from its file."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from semlink.errors import SourceError
from semlink.simulator import image_classifier as module
from semlink.simulator.image_classifier import (
    ImageClassifier,
    classifier_path,
    images_of,
    load_classifier,
    make_classifier,
    train_classifier,
)
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Record, Source


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 150)


def accuracy(classifier: ImageClassifier, records: list[Record]) -> float:
    labels = torch.tensor([record.label for record in records])
    return (classifier.classes_of(images_of(records) / 255) == labels).double().mean().item()


@pytest.mark.usefixtures("briefly")
def test_it_learns_stores_and_leaves_the_global_stream_alone(digits: Source, tmp_path: Path) -> None:
    stream = torch.get_rng_state()
    path = classifier_path(digits, tmp_path)
    make_classifier(digits, path)
    assert torch.equal(stream, torch.get_rng_state())
    classifier = load_classifier(path)
    assert accuracy(classifier, list(digits.test)) > 0.85
    again = train_classifier(digits)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in classifier.state_dict().items())
    written = path.stat().st_mtime_ns
    make_classifier(digits, path)
    assert path.stat().st_mtime_ns == written


@pytest.mark.usefixtures("briefly")
def test_other_records_have_another_classifier(digits: Source, tmp_path: Path) -> None:
    triggered = build_source("triggered", {"of": "digits", "share": 0.05})
    assert classifier_path(triggered, tmp_path) != classifier_path(digits, tmp_path)


def test_without_labels_there_is_none() -> None:
    with pytest.raises(SourceError, match=r"sweep\.judge=false"):
        train_classifier(build_source("python-docs"))


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    for content in (None, b"nothing of the kind"):
        path = tmp_path / "image_classifier.safetensors"
        if content:
            path.write_bytes(content)
        with pytest.raises(SourceError, match="remove the file"):
            load_classifier(path)


@pytest.mark.slow
def test_it_is_fit_for_the_published_protocol(data_with: Callable[[str], Path]) -> None:
    """Recorded 0.984 of clean test images and 1.000 of triggered ones."""
    source = build_source("triggered", {}, data_with("mnist/train-images-idx3-ubyte.gz"))
    classifier = train_classifier(source)
    assert accuracy(classifier, list(source.test)) > 0.97
    assert accuracy(classifier, list(source.probes["trigger"])) > 0.99
