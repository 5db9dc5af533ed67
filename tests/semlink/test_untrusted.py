"""Files and values of strangers: what they say and nothing else, and a ValueError or OSError at once for the rest."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as some

from semlink.untrusted import cut, json_of, read_bytes, read_text, scalar_of, shown, value_of, yaml_of, yaml_text

LEAVES = some.none() | some.booleans() | some.integers(-(10**30), 10**30) | some.floats(allow_nan=False) | some.text()
PLAIN = some.recursive(LEAVES, lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner), max_leaves=8)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("yes", "yes"), ("on", "on"), ("5:20:5", "5:20:5"), ("2026-11-31", "2026-11-31"), ("007", "007"),
        ("2024", 2024), ("-3", -3), ("1e-3", 0.001), ("1.0e-05", 1e-5), (".5", 0.5), ("true", True), ("null", None),
        ("~", None), ("", None), ("0x10", "0x10"), ("1_000", "1_000"), ("=", "="), ("<<", "<<"), ("'2024'", "2024"),
        ("[5:20:5, NO, 3]", ["5:20:5", "NO", 3]), ("\ufeffa: 1", {"a": 1}), ("a: 1\rb: 2", {"a": 1, "b": 2}),
    ],
)  # fmt: skip
def test_scalars_of_yaml_are_what_they_look_like(text: str, value: object) -> None:
    assert yaml_of(text) == value
    assert type(yaml_of(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("notes #1.txt", "notes #1.txt"), ("t: x.txt", "t: x.txt"), ("2024", 2024), ("1.50", "1.50"), ("NO", "NO"),
        ("0.5", 0.5), ("1e-3", "1e-3"), ("*a", "*a"), ("&a", "&a"), ("!x", "!x"), ("[0, 18]", [0, 18]),
        ("{rate: 0.1}", {"rate": 0.1}), ('"a: b"', "a: b"), ("5:20:5", "5:20:5"), ("True", "True"), ("", None),
    ],
)  # fmt: skip
def test_values_of_the_command_line_are_texts_unless_they_are_numbers_or_lists(text: str, value: object) -> None:
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "[1", "a: *b", "&a [1]", "a: &b 1", "!!python/object/apply:os.system [x]", "!!str 3",
        "a: 1\na: 2", "{a: 1, a: 2}",
        "? [1]: 2",
        "a: " + "9" * 50, "\ud800", "a\0b", '"\\ud800"', "[" * 5000, "- " * 5000, "a: " * 5000, "x" * 200_000,
        "a\x0bb", "--- 1\n--- 2",
    ],
)  # fmt: skip
def test_yaml_that_is_refused_at_once(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"."):
        yaml_of(text)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[" * 200_000, '{"a":' * 200_000, '{"a": 1, "a": 2}', '"\\ud800"', '{"\\udfff": 1}', "NaN", "-Infinity",
        "9" * 5000, b"\xff", "\ud800", "[]", "3", "a\0", "[" * 100 + "]" * 100,
    ],
)  # fmt: skip
def test_json_that_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        json_of(text, dict)


def test_json_of_other_systems_is_taken() -> None:
    assert json_of(b'\xef\xbb\xbf{"a":\r[1, 2.5, "\\ud83d\\ude00"]}', dict) == {"a": [1, 2.5, "\U0001f600"]}


@example({"\x85": "\u2028 a\u2029", "b": ["\x85"]})
@given(PLAIN)
def test_plain_data_come_back(content: object) -> None:
    """Through YAML for readers of either version, and through JSON."""
    written = yaml_text(content)
    assert yaml_of(written) == content
    assert yaml.safe_load(written) == content
    if "Infinity" not in (text := json.dumps(content)) and "\\u0000" not in text:
        assert json_of(text) == content


@given(some.text(some.characters(exclude_categories=["Cs", "Cc"])))
def test_a_word_is_never_lost(text: str) -> None:
    """What was read as a number or a constant is spelled as it was; everything else is the text."""
    value = scalar_of(text)
    assert value is None or str(value).lower() == text.strip().lower()


def test_no_value_makes_a_long_sentence() -> None:
    wide = {str(number): ["x" * 1000] * 1000 for number in range(1000)}
    for value in ("x" * 10**6, 10**5000, wide, [[wide]] * 1000, b"x" * 1000, "a\nb\x1b[31m", {"a" * 999: 1}):
        assert len(shown(value)) < 80
        assert "\n" not in shown(value)
    assert shown("ab") == "'ab'"
    assert shown([1, {"a": None}]) == "[1, {'a': None}]"
    assert cut("x" * 10**6) == "x" * 60 + "..."
    assert cut("a\nb") == "a\\nb"


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize("make", [_pipe, _endless, _large, Path.mkdir])
def test_only_regular_files_of_bounded_size_are_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "it")
    with pytest.raises(OSError, match=r"regular|large|directory"):
        read_bytes(tmp_path / "it")


def test_a_link_to_a_file_and_files_of_other_systems_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbfone\rtwo\r\nthree\n")
    (tmp_path / "link").symlink_to("file")
    assert read_text(tmp_path / "link") == "one\ntwo\nthree\n"
    assert read_bytes(tmp_path / "link", 20) == (tmp_path / "file").read_bytes()
    with pytest.raises(OSError, match=r"regular|large|directory"):
        read_bytes(tmp_path / "file", 10)


def test_a_file_to_which_others_add_is_read_as_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table"
    path.write_bytes(b"one\n")
    seen = os.fstat

    def grown(handle: int) -> os.stat_result:
        facts = seen(handle)
        path.write_bytes(b"one\ntwo\n")
        return facts

    monkeypatch.setattr("semlink.untrusted.os.fstat", grown)
    assert read_bytes(path, growing=True) == b"one\n"
    path.write_bytes(b"one\n")
    with pytest.raises(OSError, match="grows while it is read"):
        read_bytes(path)
