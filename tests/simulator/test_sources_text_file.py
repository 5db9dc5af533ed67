"""A text file of one's own: what is kept, how it is split, and what is refused."""

from pathlib import Path

import pytest

from semlink.errors import SourceError, WrongField
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import SPLITS


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"the number of this line is {n}\n" for n in range(400)), encoding="utf-8")
    return path


def test_lengths_and_repetitions(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(
        b"\xef\xbb\xbfone two three four\r\n\r\ntoo short\nOne  two three, four!\nfive six seven eight nine\n"
    )
    source = build_source("text-file", {"path": str(path), "max_words": 5})
    kept = {record.payload for split in SPLITS for record in source.split(split)}
    assert kept == {"one two three four", "five six seven eight nine"}


def read_all(path: Path) -> list[str]:
    source = build_source("text-file", {"path": str(path)})
    return sorted(record.payload for split in SPLITS for record in source.split(split))


@pytest.mark.parametrize(
    "lines",
    [
        ["the temperature is -5 degrees", "the temperature is +5 degrees", "the temperature is 5 degrees"],
        ["we write C++ code now", "we write C# code now", "we write C code now"],
        ["x > 5 then stop it", "x < 5 then stop it", "x = 5 then stop it"],
        ["😀 😀 😀 😀", "😡 😡 😡 😡", "🎉 🎉 🎉 🎉"],
        ["it costs 5 € here", "it costs 5 $ here", "it costs 5 % here"],
        ["कमल यहाँ आया था", "कमला यहाँ आया था"],
        ["李明今天来了", "李明今天走了"],
    ],
)
def test_different_sentences_are_kept(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert read_all(path) == sorted(lines)


def test_left_out_lines_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.txt"
    path.write_text("One two three, four!\none two three four\nshort\n" + "long " * 31, encoding="utf-8")
    for _ in range(2):
        assert read_all(path) == ["One two three, four!"]
    (told,) = (record.message for record in caplog.records)
    assert told.endswith("1 repeated, 1 of fewer than 4 words, 1 of more than 30.")
    path.write_text("One two three, four!\n", encoding="utf-8")
    read_all(path)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_lines_of_any_system(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(end.join(["\ufeffone two three four", "five six seven eight"]).encode())
    assert read_all(path) == ["five six seven eight", "one two three four"]
    path.write_bytes(f"this is fine here{end}".encode() + b"and this \xff is not")
    with pytest.raises(SourceError, match="Line 2"):
        read_all(path)


def test_more_lines_do_not_move_the_old_ones(lines: Path) -> None:
    before = build_source("text-file", {"path": str(lines)})
    lines.write_text("a new first line stands here\n" + lines.read_text())
    after = build_source("text-file", {"path": str(lines)})
    for split in SPLITS:
        assert {record.id for record in before.split(split)} <= {record.id for record in after.split(split)}


def test_a_test_file_is_the_test_split_and_stays_unseen(lines: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.txt"
    test.write_text("the number of this line is 7\nthis line is only in the test file\n")
    source = build_source("text-file", {"path": str(lines), "test": str(test)})
    assert [record.payload for record in source.test] == test.read_text().splitlines()
    known = [record.payload for record in (*source.train, *source.validation)]
    assert len(known) == 399
    assert "the number of this line is 7" not in known
    assert 0.05 < len(source.validation) / len(known) < 0.15


def test_a_limit_takes_evenly_spaced_lines(lines: Path) -> None:
    whole = build_source("text-file", {"path": str(lines)})
    small = build_source("text-file", {"path": str(lines), "limit": 10})
    assert len(small.train) == len(small.validation) == len(small.test) == 10
    places = [[record.id for record in whole.train].index(record.id) for record in small.train]
    assert places == [index * len(whole.train) // 10 for index in range(10)]


def test_a_relative_path_may_start_from_the_data_folder(lines: Path) -> None:
    found = build_source("text-file", {"path": lines.name}, lines.parent)
    assert found.name == "text-file:path=lines.txt"
    assert len(found.train) > 300


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"this is a good line\nthis line \xff is not good\n", "Line 2"),
        (b"too short\n\n", "no sentence of 4 to 30 words"),
        (b"", "no sentence"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        build_source("text-file", {"path": str(path)})


def test_a_missing_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEMLINK_DATA", raising=False)
    with pytest.raises(SourceError, match="no text file nowhere"):
        build_source("text-file", {"path": "nowhere.txt"})
    with pytest.raises(SourceError, match="no text file"):
        build_source("text-file", {"path": str(tmp_path)})


@pytest.mark.parametrize(
    "fields", [{"min_words": 9, "max_words": 8}, {"min_words": 0}, {"limit": 0}, {"min_words": "x"}]
)
def test_limits_without_sense_are_refused(lines: Path, fields: dict[str, object]) -> None:
    with pytest.raises(WrongField):
        build_source("text-file", {"path": str(lines), **fields})
