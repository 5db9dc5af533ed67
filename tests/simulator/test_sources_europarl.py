"""Sentences of the European Parliament from a data folder; skipped where there is none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from semlink.errors import SourceError
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import SPLITS


def test_sentences_are_split_as_the_files_are(data_with: Callable[[str], Path]) -> None:
    folder = data_with("europarl/europarl_en_train.txt")
    source = build_source("europarl", {"limit": 2000}, folder)
    assert source.name == "europarl:limit=2000"
    for name, splits in {"train": ("train", "validation"), "test": ("test",)}.items():
        lines = set((folder / "europarl" / f"europarl_en_{name}.txt").read_text(encoding="utf-8").splitlines())
        for split in splits:
            assert len(source.split(split)) == 2000
            assert {record.payload for record in source.split(split)} <= lines
    assert len({record.id for split in SPLITS for record in source.split(split)}) == 6000


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no .*europarl_en_train\.txt"):
        build_source("europarl", {}, tmp_path)
    (tmp_path / "europarl").mkdir()
    (tmp_path / "europarl" / "europarl_en_train.txt").write_text("This is another sentence.\n")
    with pytest.raises(SourceError, match="published"):
        build_source("europarl", {}, tmp_path)
