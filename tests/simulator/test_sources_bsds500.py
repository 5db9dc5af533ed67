"""BSDS500: its splits, its crops, and that other files are refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from semlink.errors import SourceError
from semlink.simulator.sources import build_source


def test_splits_and_crops(data_with: Callable[[str], Path]) -> None:
    data = data_with("bsds500/train/100075.jpg")
    source = build_source("bsds500", {}, data)
    assert len(source.train) + len(source.validation) == 300
    assert 20 < len(source.validation) < 40
    assert {record.id.split("/")[1] for record in source.test} == {"test"}
    assert {record.payload.shape for record in source.train} == {(64, 64, 3)}
    assert {record.payload.whole.shape for record in source.test} == {(321, 481, 3), (481, 321, 3)}
    assert np.asarray(source.train[0].payload).dtype == np.uint8
    every = build_source("bsds500", {"test": False}, data)
    assert len(every.train) + len(every.validation) == 500
    assert len(build_source("bsds500", {"limit": 7}, data).train) == 7


def test_a_missing_photograph_is_told(data_with: Callable[[str], Path], tmp_path: Path) -> None:
    photograph = data_with("bsds500/train/100075.jpg") / "bsds500/train/100075.jpg"
    (tmp_path / "bsds500" / "train").mkdir(parents=True)
    with pytest.raises(SourceError, match="There are no photographs"):
        build_source("bsds500", {}, tmp_path)
    shutil.copy(photograph, tmp_path / "bsds500" / "train")
    with pytest.raises(SourceError, match="has not the content that was published"):
        build_source("bsds500", {}, tmp_path)
