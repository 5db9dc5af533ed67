"""The judge knows its source, is the same each time, and comes back from its file."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from semlink.errors import SourceError
from semlink.simulator import judge as module
from semlink.simulator.judge import Judge, images_of, judge_path, load_judge, make_judge, train_judge
from semlink.simulator.sources import Record, Source, build_source


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 150)


def accuracy(judge: Judge, records: list[Record]) -> float:
    labels = torch.tensor([record.label for record in records])
    return (judge.verdicts(images_of(records) / 255) == labels).double().mean().item()


@pytest.mark.usefixtures("briefly")
def test_it_learns_stores_and_leaves_the_global_stream_alone(digits: Source, tmp_path: Path) -> None:
    stream = torch.get_rng_state()
    path = judge_path(digits, tmp_path)
    make_judge(digits, path)
    assert torch.equal(stream, torch.get_rng_state())
    judge = load_judge(path)
    assert accuracy(judge, list(digits.test)) > 0.85
    again = train_judge(digits)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in judge.state_dict().items())
    written = path.stat().st_mtime_ns
    make_judge(digits, path)
    assert path.stat().st_mtime_ns == written


@pytest.mark.usefixtures("briefly")
def test_other_records_have_another_judge(digits: Source, tmp_path: Path) -> None:
    triggered = build_source("triggered", {"of": "digits", "share": 0.05})
    assert judge_path(triggered, tmp_path) != judge_path(digits, tmp_path)


def test_without_labels_there_is_none() -> None:
    with pytest.raises(SourceError, match=r"sweep\.judge=false"):
        train_judge(build_source("python-docs"))


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    for content in (None, b"nothing of the kind"):
        path = tmp_path / "judge.safetensors"
        if content:
            path.write_bytes(content)
        with pytest.raises(SourceError, match="remove the file"):
            load_judge(path)


@pytest.mark.slow
def test_it_is_fit_for_the_published_protocol(data_with: Callable[[str], Path]) -> None:
    """Recorded 0.984 of clean test images and 1.000 of triggered ones."""
    source = build_source("triggered", {}, data_with("mnist/train-images-idx3-ubyte.gz"))
    judge = train_judge(source)
    assert accuracy(judge, list(source.test)) > 0.97
    assert accuracy(judge, list(source.probes["trigger"])) > 0.99
