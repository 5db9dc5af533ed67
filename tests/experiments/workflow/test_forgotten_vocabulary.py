"""Words that only erased records hold leave the vocabulary; what is measured of others, and of the weights, stays."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from semlink.codecs.bundle import load_bundle
from semlink.simulator.results import Row, read_rows

SWEEP = ("--snr", "6:12:6", "--set", "records=12", "--set", "draws=1", "--workers", "1")


def _values(rows: list[Row], version: str, set_name: str | None = None) -> list[tuple[object, ...]]:
    return [
        (row.set, row.metric, row.snr_db, row.minus, row.value, row.low, row.high)
        for row in rows
        if row.version == version and set_name in (None, row.set) and row.metric != "seconds"
    ]


@pytest.fixture
def erased(semlink: Callable, shelf: Path, tmp_path: Path) -> Callable[[str, str], Path]:
    """`erased(rule, request)` makes a version of the tiny text codec in the folder of the rule's name."""

    def make(rule: str, request: str = "fox") -> Path:
        arguments = ("--request", shelf / f"{request}.json", "--method", "finetune:share=0.25", "--vocabulary", rule)
        ended = semlink("erase", shelf / "text", *arguments, "--out", tmp_path / rule)
        assert ended.status == 0, ended.err
        return tmp_path / rule

    return make


def test_the_curve_on_other_records_stays_and_the_weights_are_still_judged(
    semlink: Callable, shelf: Path, tmp_path: Path, erased: Callable[[str], Path]
) -> None:
    rows = {}
    for rule in ("keep", "replace"):
        out = erased(rule)
        arguments = (shelf / "text", out, "--request", shelf / "fox.json", "--out", tmp_path / f"sweep-{rule}", *SWEEP)
        assert semlink("sweep", *arguments).status == 0
        rows[rule] = read_rows(tmp_path / f"sweep-{rule}" / "results.jsonl")
        alone = (out, "--out", tmp_path / f"alone-{rule}", *SWEEP)
        assert semlink("sweep", *alone).status == 0
        rows[f"{rule} alone"] = read_rows(tmp_path / f"alone-{rule}" / "results.jsonl")
    assert "fox" in (tmp_path / "keep" / "tokenizer.json").read_text()
    assert "fox" not in (tmp_path / "replace" / "tokenizer.json").read_text()
    assert json.loads((tmp_path / "keep" / "erasure.json").read_text())["replaced_words"] == 0
    assert json.loads((tmp_path / "replace" / "erasure.json").read_text())["replaced_words"] > 0
    kept, replaced = (load_bundle(tmp_path / rule).codec.state_dict() for rule in ("keep", "replace"))
    assert all(kept[name].equal(replaced[name]) for name in kept)
    # Beside the original both are measured with its vocabulary, the erased words too:
    assert _values(rows["keep"], "erased") == _values(rows["replace"], "erased")
    assert any(metric == "term_recall" for _, metric, *_ in _values(rows["replace"], "erased", "forget"))
    # Alone, as it is deployed, with its own; other records come through as before:
    assert _values(rows["keep alone"], "erased") == _values(rows["replace alone"], "erased")


def test_words_are_taken_out_where_the_request_names_words(
    semlink: Callable, shelf: Path, tmp_path: Path, erased: Callable[[str], Path]
) -> None:
    assert "fox" not in (erased("auto") / "tokenizer.json").read_text()
    original = load_bundle(shelf / "text")
    record = "the fox sends a word"
    ids = original.codec.tokenizer.encode(record)
    assert load_bundle(tmp_path / "auto").codec.tokenizer.encode(record).count(1) == ids.count(1) + 1
    ended = semlink(
        "erase", shelf / "text", "--request", shelf / "fox.json", "--vocabulary", "x", "--out", tmp_path / "y"
    )
    assert (ended.status, "Did you mean" in ended.err or "choose" in ended.err.lower()) == (2, True)
