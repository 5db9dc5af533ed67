"""Result rows come back as they were written, and damaged files are refused by line."""

import dataclasses
import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semlink.errors import ResultsError
from semlink.simulator.results import Row, read_rows, write_rows

ROW = Row(
    experiment="demo", codec="text-small", version="erased", method="retrain", channel="awgn", snr_db=12.0,
    set="forget", metric="sentence_bleu4", value=0.412, low=0.398, high=0.426, confidence=0.95, n=500, unit="1",
    seed=0, code_version="0.1.0",
)  # fmt: skip
HEADER = {"columns": ["value", "low", "high"], "constants": {"experiment": "demo"}}


def test_round_trip(tmp_path: Path) -> None:
    rows = [ROW, dataclasses.replace(ROW, snr_db=None, low=-math.inf, high=math.inf, minus="original", draws=3)]
    write_rows(tmp_path / "deep" / "results.jsonl", rows)
    assert read_rows(tmp_path / "deep" / "results.jsonl") == rows


FLOATS = st.floats(allow_nan=False)
ROWS = st.builds(
    Row, st.text(), st.sampled_from(["a", "b"]), st.text(max_size=1), st.just("none"), st.text(),
    st.none() | st.sampled_from([0.0, 3.5, math.inf]), st.text(max_size=1), st.text(max_size=1), FLOATS, FLOATS, FLOATS,
    st.sampled_from([0.95, 1.0]), st.integers(0, 9), st.just("1"), st.integers(), st.just("0.1.0"), st.integers(1, 2),
    st.sampled_from(["limit", "exact"]), st.none() | st.just("a"),
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(ROWS, max_size=20), st.integers(1, 12))
def test_any_rows_come_back(tmp_path_factory: pytest.TempPathFactory, rows: list[Row], times: int) -> None:
    path = tmp_path_factory.mktemp("rows") / "results.jsonl"
    write_rows(path, rows * times)
    assert read_rows(path) == rows * times
    for line in path.read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)  # JSON as others read it has no NaN and no Infinity


def test_numbers_that_are_not_finite_come_back(tmp_path: Path) -> None:
    write_rows(tmp_path / "r", [dataclasses.replace(ROW, value=math.nan, low=-math.inf, high=math.inf, unit="NaN")])
    (row,) = read_rows(tmp_path / "r")
    assert math.isnan(row.value)
    assert (row.low, row.high, row.unit) == (-math.inf, math.inf, "NaN")
    assert '["NaN","-Infinity","Infinity"]' in (tmp_path / "r").read_text()


def test_what_rows_have_in_common_is_written_once(tmp_path: Path) -> None:
    """A sweep of two versions: a quarter of the bytes that a line with all fields takes, and headers where sets end."""
    rows = [
        dataclasses.replace(ROW, set=set_name, snr_db=float(snr_db), version=version, value=math.sqrt(snr_db + 2),
                            low=math.sqrt(snr_db + 1), high=math.sqrt(snr_db + 3), minus=minus)
        for set_name in ("forget", "retain", "test")
        for snr_db in range(0, 18, 3)
        for version, minus in (("original", None), ("erased", None), ("erased", "original"))
    ]  # fmt: skip
    path = tmp_path / "results.jsonl"
    write_rows(path, rows)
    assert read_rows(path) == rows
    lines = path.read_text().splitlines()
    assert lines[1] == '["original",0.0,1.4142135623730951,1.0,1.7320508075688772]'
    assert [line for line in lines if line.startswith("{")][1:] == [
        '{"constants": {"set": "retain"}}',
        '{"constants": {"set": "test"}}',
    ]
    assert path.stat().st_size < 0.25 * sum(len(json.dumps(dataclasses.asdict(row))) for row in rows)


def test_files_can_be_joined(tmp_path: Path) -> None:
    other = dataclasses.replace(ROW, codec="another", minus="original")
    write_rows(tmp_path / "a", [ROW, ROW])
    write_rows(tmp_path / "b", [other, ROW])
    (tmp_path / "c").write_text((tmp_path / "a").read_text() + (tmp_path / "b").read_text())
    assert read_rows(tmp_path / "c") == [ROW, ROW, other, ROW]


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
        "[1, 2, 3, 4]",
        "[1, 2, NaN]",
        "[1, 2, null]",
        '[1, 2, "many"]',
        "3",
        "null",
        "{}",
        json.dumps(dataclasses.asdict(ROW)),
        json.dumps(HEADER)[:-5],
        json.dumps({"columns": HEADER["columns"]}),
        json.dumps({"constants": {"value": 3.0}}),
        json.dumps({"constants": {"extra": 3.0}}),
        json.dumps({"constants": [3.0]}),
        json.dumps({**HEADER, "columns": ["value", "low", "extra"]}),
        json.dumps({**HEADER, "columns": ["value", "low", "low"]}),
        json.dumps({**HEADER, "columns": ["value", ["low"]]}),
        json.dumps({**HEADER, "columns": "value"}),
        json.dumps({**HEADER, "extra": 1}),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "results.jsonl"
    write_rows(path, [ROW])
    path.write_text(path.read_text() + line + "\n" + "[1, 2, 3]\n")
    with pytest.raises(ResultsError, match=r"Line 3 of .* is not a result row; restore the file or run again"):
        read_rows(path)


@pytest.mark.parametrize(
    "lines", ["[1, 2, 3]", json.dumps({"constants": {"unit": "1"}}), json.dumps(HEADER) + "\n[1, 2, 3]"]
)
def test_rows_without_all_their_fields_are_refused(tmp_path: Path, lines: str) -> None:
    (tmp_path / "results.jsonl").write_text(lines)
    with pytest.raises(ResultsError, match=rf"Line {lines.count(chr(10)) + 1} of .* is not a result row"):
        read_rows(tmp_path / "results.jsonl")


@pytest.mark.parametrize("field", [{"metric": 7}, {"n": "many"}, {"n": 2.5}, {"snr_db": "low"}, {"minus": 3}])
def test_a_constant_of_the_wrong_type_is_refused(tmp_path: Path, field: dict[str, object]) -> None:
    path = tmp_path / "results.jsonl"
    write_rows(path, [ROW])
    path.write_text(path.read_text() + json.dumps({"constants": field}) + "\n[1, 2, 3]\n")
    with pytest.raises(ResultsError, match=r"Line 4 of .* is not a result row"):
        read_rows(path)


def test_a_row_has_a_number_for_its_snr(tmp_path: Path) -> None:
    write_rows(tmp_path / "results.jsonl", [dataclasses.replace(ROW, snr_db=math.nan)])
    with pytest.raises(ResultsError, match=r"Line 2 of .* has no number for its Es/N0"):
        read_rows(tmp_path / "results.jsonl")


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="There is no"):
        read_rows(tmp_path / "results.jsonl")
    (tmp_path / "results.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ResultsError, match="not a text file"):
        read_rows(tmp_path / "results.jsonl")
