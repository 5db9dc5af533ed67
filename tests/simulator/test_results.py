"""Result rows come back as they were written, and damaged files are refused by line."""

import dataclasses
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semlink.errors import ResultsError
from semlink.simulator.results import Row, read_rows, write_rows

ROW = Row(
    experiment="demo", codec="text-small", version="erased", method="retrain", channel="awgn", snr_db=12.0, set="forget",
    metric="sentence_bleu4", value=0.412, low=0.398, high=0.426, confidence=0.95, n=500, unit="1", seed=0,
    code_version="0.1.0",
)  # fmt: skip


def test_round_trip(tmp_path: Path) -> None:
    rows = [ROW, dataclasses.replace(ROW, snr_db=None, low=-math.inf, high=math.inf, minus="original", draws=3)]
    write_rows(tmp_path / "deep" / "results.jsonl", rows)
    assert read_rows(tmp_path / "deep" / "results.jsonl") == rows


@given(st.text(), st.floats(allow_nan=False), st.integers(min_value=0))
def test_any_row_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str, value: float, count: int) -> None:
    path = tmp_path_factory.mktemp("rows") / "results.jsonl"
    rows = [dataclasses.replace(ROW, channel=text, value=value, n=count)]
    write_rows(path, rows)
    assert read_rows(path) == rows


def test_no_rows_are_an_empty_file(tmp_path: Path) -> None:
    write_rows(tmp_path / "results.jsonl", [])
    assert read_rows(tmp_path / "results.jsonl") == []


def test_writing_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    write_rows(path, [ROW, ROW])
    write_rows(path, [ROW])
    assert read_rows(path) == [ROW]
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.jsonl"]


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "",
        "[1, 2]",
        "3",
        "null",
        json.dumps(dataclasses.asdict(ROW))[:-5],
        json.dumps({"metric": "psnr"}),
        json.dumps({**dataclasses.asdict(ROW), "extra": 1}),
        json.dumps({**dataclasses.asdict(ROW), "metric": 7}),
        json.dumps({**dataclasses.asdict(ROW), "n": "many"}),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "results.jsonl"
    write_rows(path, [ROW])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(ResultsError, match=r"Line 2 of .* is not a result row"):
        read_rows(path)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="There is no"):
        read_rows(tmp_path / "results.jsonl")
    (tmp_path / "results.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ResultsError, match="not a text file"):
        read_rows(tmp_path / "results.jsonl")
