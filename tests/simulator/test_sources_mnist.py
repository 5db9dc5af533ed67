"""MNIST and Fashion-MNIST from a data folder; skipped where there is none."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from semlink.errors import SourceError, WrongField
from semlink.simulator.sources import build_source


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_splits_and_owners(name: str, data_with: Callable[[str], Path]) -> None:
    source = build_source(name, {}, data_with(f"{name}/train-images-idx3-ubyte.gz"))
    assert (len(source.train), len(source.validation), len(source.test)) == (55_000, 5_000, 10_000)
    assert source.train[0].payload.shape == (28, 28)
    assert set(Counter(record.owner for record in source.train).values()) == {100}
    owners = [{record.owner for record in source.split(split)} for split in ("train", "validation", "test")]
    assert not owners[0] & owners[1]
    assert not (owners[0] | owners[1]) & owners[2]
    assert Counter(record.label for record in source.test)[0] == {"mnist": 980, "fashion-mnist": 1000}[name]


def test_a_limit_takes_the_first_records(data_with: Callable[[str], Path]) -> None:
    folder = data_with("mnist/train-images-idx3-ubyte.gz")
    small, whole = build_source("mnist", {"limit": 250}, folder), build_source("mnist", {}, folder)
    assert [record.id for record in small.train] == [record.id for record in whole.train[:250]]
    assert len(small.validation) == len(small.test) == 250
    assert small.name == "mnist:limit=250"


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(WrongField, match="at least 1"):
        build_source("mnist", {"limit": 0})


def test_without_a_data_folder_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SEMLINK_DATA", raising=False)
    with pytest.raises(SourceError, match="--data-dir or SEMLINK_DATA"):
        build_source("mnist")
    monkeypatch.setenv("SEMLINK_DATA", str(tmp_path))
    with pytest.raises(SourceError, match="train-images-idx3"):
        build_source("mnist")
    with pytest.raises(SourceError, match="no data folder"):
        build_source("mnist", {}, tmp_path / "nowhere")


def test_a_file_with_other_content_is_refused(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\1\7"))
    with pytest.raises(SourceError, match="published"):
        build_source("mnist", {}, tmp_path)
