"""A table of sentences: its columns, owners, ids and splits, in each format."""

import json
from pathlib import Path

import pytest

from semlink.errors import CodecError, SourceError
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import SPLITS, Record, Source

ROWS = [{"text": f"The letter number {n} came today.", "owner": f"person-{n % 25}"} for n in range(200)]


def read(path: Path, **fields: object) -> Source:
    return build_source("records", {"path": str(path), **fields})


def all_of(source: Source) -> list[Record]:
    return [record for split in SPLITS for record in source.split(split)]


def as_jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def as_csv(path: Path, rows: list[dict[str, object]], delimiter: str = ",") -> Path:
    lines = [delimiter.join(rows[0]), *[delimiter.join(map(str, row.values())) for row in rows]]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_formats_give_the_same_records(tmp_path: Path) -> None:
    first = read(as_jsonl(tmp_path / "a.jsonl", ROWS))
    assert read(as_csv(tmp_path / "a.csv", ROWS)).digest() == first.digest()
    (tmp_path / "semicolons").mkdir()
    assert read(as_csv(tmp_path / "semicolons" / "a.csv", ROWS, ";")).digest() == first.digest()
    assert {record.owner for record in all_of(first)} == {f"person-{n}" for n in range(25)}
    assert 0.7 < len(first.train) / len(ROWS) < 0.9


def test_ids_are_stable_and_the_splits_do_not_move(tmp_path: Path) -> None:
    before = {
        record.id: split for split in SPLITS for record in read(as_jsonl(tmp_path / "a.jsonl", ROWS)).split(split)
    }
    after = {
        record.id: split for split in SPLITS for record in read(as_jsonl(tmp_path / "a.jsonl", ROWS[50:])).split(split)
    }
    assert after.items() < before.items()
    assert len(after) == 150


def test_given_columns_win(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [
        {"Message": f"letter {n} came today", "Sender": "Ann", "id": n, "label": n % 12, "split": "dev", "date": 1}
        for n in range(24)
    ]
    source = read(as_csv(tmp_path / "a.csv", rows), text="message", owner="SENDER")
    assert [record.id for record in source.validation] == [str(n) for n in range(24)]
    assert source.labels == tuple(str(n) for n in range(12))  # numbers in the order of numbers
    assert source.validation[23].label == 11
    assert caplog.messages == [f"Of {tmp_path / 'a.csv'}, columns ignored: date."]


def test_a_sentence_of_two_owners_stays_in_one_split(tmp_path: Path) -> None:
    rows = [{"text": f"The letter number {n} came", "owner": owner} for n in range(50) for owner in ("a", "b", "a")]
    places: dict[str, set[str]] = {}
    source = read(as_jsonl(tmp_path / "a.jsonl", rows))
    for split in SPLITS:
        for record in source.split(split):
            places.setdefault(record.payload, set()).add(split)
    assert len(all_of(source)) == 100  # what an owner repeats is left out
    assert {len(found) for found in places.values()} == {1}


def test_what_was_left_out_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    texts = ["one two three four", "One two three, four!", "too short", "long " * 31]
    read(as_jsonl(tmp_path / "a.jsonl", [{"text": text} for text in texts]))
    assert caplog.messages[0].endswith("rows left out: 1 repeated, 1 of fewer than 4 words, 1 of more than 30.")


def test_owners_stay_together_where_asked(tmp_path: Path) -> None:
    source = read(as_jsonl(tmp_path / "a.jsonl", ROWS), split_by="owner")
    owners = [{record.owner for record in source.split(split)} for split in SPLITS]
    assert sum(map(len, owners)) == len(set.union(*owners)) == 25
    three = as_jsonl(tmp_path / "three.jsonl", [{**row, "owner": str(n % 3)} for n, row in enumerate(ROWS)])
    assert {len({record.owner for record in read(three, split_by="owner").split(split)}) for split in SPLITS} == {1}
    few = as_jsonl(tmp_path / "few.jsonl", [{**row, "owner": "one"} for row in ROWS])
    with pytest.raises(SourceError, match="has 1 owners, too few to split by"):
        read(few, split_by="owner")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "body,owner\na b c d,x\n", 'no column "text"; it has body, owner'),
        ("a.csv", "text,owner\na b c d,x\ne f g h,\n", "1 of 2 records .* have no owner"),
        ("a.csv", "text,id\na b c d,\n", "no id in line 2"),
        ("a.csv", "text,id\na b c d,1\ne f g h,1\n", 'id "1" stands at line 2 .* and again at line 3'),
        ("a.csv", 'text\n"a b c d\n', "Line 2 .* is not CSV"),
        ("a.csv", "text,label\na b c d,x\n,y\n", "no text in line 3"),
        ("a.csv", "text\n", "has no rows"),
        ("a.csv", b"text\na b c \xff\n", "Line 2 .* is not UTF-8"),
        ("a.csv", "text\na b c \0\n", "has a zero byte"),
        ("a.jsonl", "[1]\n", "Line 1 .* is no JSON object"),
        ("a.jsonl", '{"text": ["a"]}\n', r"text \['a'\]; write a text"),
        ("a.jsonl", '{"text": "a b c"}\n', "no text of 4 to 30 words"),
        ("a.txt", "a b c d", "is no table"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, content: str | bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SourceError, match=sentence):
        read(tmp_path / name)


def test_what_spreadsheets_leave_behind_is_no_data(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Empty lines, also before the names of the columns; numbers of rows and empty columns, which have no name."""
    (tmp_path / "a.csv").write_text(
        "\r\n\n,text;owner;;\n0;a b c d;x;;\n ; ;;;\n;;;;\n1;e f g h;y;;\n".replace(",", ";")
    )
    source = read(tmp_path / "a.csv")
    assert {(record.payload, record.owner) for record in all_of(source)} == {("a b c d", "x"), ("e f g h", "y")}
    assert "columns ignored" not in caplog.text


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    as_csv(tmp_path / "a.csv", [dict(row) for row in ROWS[:20]])
    assert len(all_of(read(Path("~/a.csv")))) == 20


def test_labels_can_be_given_and_have_to_be_complete(tmp_path: Path) -> None:
    path = as_jsonl(tmp_path / "a.jsonl", [{**row, "label": "b" if n % 2 else "a"} for n, row in enumerate(ROWS)])
    assert read(path, labels=["z", "b", "a"]).labels == ("z", "b", "a")
    with pytest.raises(SourceError, match=r'label "b" .* is not among'):
        read(path, labels=["a"])


def test_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    parquet.write_table(arrow.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    first = read(as_jsonl(tmp_path / "a.jsonl", ROWS))
    assert read(tmp_path / "a.parquet").digest() == first.digest()
    (tmp_path / "a.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-40])
    with pytest.raises(SourceError, match="is not Parquet, or damaged"):
        read(tmp_path / "a.parquet")


def test_parquet_without_its_package_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(CodecError, match=r"pyarrow\. Install it with"):
        read(tmp_path / "a.parquet")
