"""Listing records: what there is, what a request would select, and what it nearly selects; nothing is changed."""

import json
from pathlib import Path

import pytest

import semlink as sl
from semlink.unlearning.partition import divide


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "lines.txt"
    names = ("Mr Weber", "Webers friend", "Mr _WEBER_", "nobody else")
    path.write_text("".join(f"{name} spoke on day {day}\n" for name in names for day in range(10)), encoding="utf-8")
    return path


def term(*values: str) -> sl.ErasureRequest:
    return sl.ErasureRequest.of("term", values, reason="A test.")


def test_all_records_by_split_owner_and_label() -> None:
    found = sl.records("digits")
    assert sum(found.counts().values()) == 1797
    assert sum(found.owners().values()) == sum(found.classes().values()) == 1797
    assert list(found.classes()) == [str(digit) for digit in range(10)]
    assert found.text(3).count("owner form-") == 3
    assert "and 1794 more" in found.text(3)


def test_what_a_request_selects_is_what_an_erasure_divides(lines: Path) -> None:
    name, asked = f"text-file:path={lines}", term("Weber")
    found, partition = sl.records(name, asked), divide(sl.load_source(name), asked)
    assert list(found.splits["train"]) == partition.forget
    assert list(found.splits["test"]) == partition.forget_test
    assert found.values == {"Weber": 20} == {"Weber": sum(found.counts().values())}
    assert found.near is not None
    assert (found.near.words, found.near.records) == ({"webers": 10}, 10)
    assert "Not selected: 'webers' (10 records)" in found.text(2)


def test_values_are_counted_each(lines: Path) -> None:
    assert sl.records(f"text-file:path={lines}", term("weber", "webers", "Mr Weber")).values == {
        "weber": 20, "webers": 10, "Mr Weber": 20,
    }  # fmt: skip


def test_a_stored_codec_has_the_records_of_its_training(semlink, shelf: Path, contents) -> None:
    before = contents(shelf)
    ended = semlink("records", shelf / "text", "--request", shelf / "fox.json", "--json", "--limit", 2)
    found = json.loads(ended.out)
    assert ended.status == 0
    assert found["request"] == {"id": "sevens", "by": "term", "values": {"fox": 15}}
    assert sum(found["records"].values()) == 15
    assert [set(record) for record in found["listed"]] == [{"split", "id", "owner", "text"}] * 2
    assert found["near"] == {"words": {}, "records": 0}
    listed = semlink("records", shelf / "image", "--limit", 1)
    assert "labels: 10" in listed.out
    assert contents(shelf) == before


def test_an_erasure_says_what_it_nearly_selects(semlink, shelf: Path, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(term("sends a word").text())
    ended = semlink("erase", shelf / "text", "--request", request, "--method", "finetune", "--out", tmp_path / "e")
    assert ended.status == 0
    assert "Not selected: 'sends' (" in ended.err
