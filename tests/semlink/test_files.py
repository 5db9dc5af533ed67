"""A file or folder is whole or not there, and a failed write leaves what was there before."""

import json
import math
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from semlink.files import (
    check_room,
    content_of,
    json_text,
    leads_nowhere,
    remove_temporary,
    sha256_of,
    whole_folder,
    write_whole,
)


def test_write_whole_replaces(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    write_whole(path, "first")
    write_whole(path, b"second")
    assert path.read_text() == "second"
    assert [item.name for item in path.parent.iterdir()] == ["a.txt"]


def test_json_is_what_every_reader_takes() -> None:
    content = {"loss": [math.nan, math.inf, (-math.inf, 0.1)], "name": "weber \ud800", "n": 3, "none": None}
    text = json_text(content)
    read = json.loads(text, parse_constant=lambda word: pytest.fail(word))
    assert read == {"loss": ["NaN", "Infinity", ["-Infinity", 0.1]], "name": "weber \ud800", "n": 3, "none": None}
    assert text.isascii()
    assert json_text({"name": "über"}, escape=False) == '{"name": "über"}'


def test_a_link_to_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "there")
    assert leads_nowhere(tmp_path / "link")
    assert leads_nowhere(tmp_path / "link" / "below")
    (tmp_path / "there").mkdir()
    assert not leads_nowhere(tmp_path / "link" / "below")
    assert not leads_nowhere(tmp_path / "new")


def test_digest_of_a_known_file(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the write fails half-way."""
    path = tmp_path / "a.txt"
    write_whole(path, "old")
    program = (
        "import resource, pathlib, sys; from semlink.files import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "write_whole(pathlib.Path(sys.argv[1]), 'x' * 10_000)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert "OSError" in done.stderr
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["a.txt"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100


def test_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    with whole_folder(target) as folder:
        (folder / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"


def test_failed_folder_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    with whole_folder(target) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(ZeroDivisionError), whole_folder(target) as folder:
        (folder / "a").write_text(str(1 / 0))
    assert (target / "a").read_text() == "old"
    with whole_folder(target, replace=True) as folder:
        (folder / "b").write_text("new")
    assert [item.name for item in target.iterdir()] == ["b"]
    assert [item.name for item in tmp_path.iterdir()] == ["bundle"]


def test_what_appeared_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    target.mkdir()
    with pytest.raises(OSError, match="not empty"), whole_folder(target):
        (target / "theirs").write_text("2")
    assert [item.name for item in tmp_path.iterdir()] == ["bundle"]
    assert [item.name for item in target.iterdir()] == ["theirs"]


def test_an_empty_folder_gives_way_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "place")
    with whole_folder(tmp_path / "link") as folder:
        (folder / "a").write_text("1")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "place" / "a").read_text() == "1"


def test_what_a_killed_process_left_is_no_content_and_goes(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal, sys; from semlink.files import whole_folder, write_whole\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "if sys.argv[2] == 'file': write_whole(pathlib.Path(sys.argv[1], 'a.txt'), 'x')\n"
        "with whole_folder(pathlib.Path(sys.argv[1], 'a')) as folder:\n"
        "    (folder / 'part').write_text('x')\n"
        "    os.replace()"
    )
    for kind in ("file", "folder"):
        subprocess.run([sys.executable, "-c", program, str(tmp_path), kind], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / ".semlink-tmp-letter").write_text("no random part: not ours")
    assert [path.name for path in content_of(tmp_path)] == [".semlink-tmp-letter"]
    remove_temporary(tmp_path, lambda target: target == "b")
    assert len(list(tmp_path.iterdir())) == 3
    remove_temporary(tmp_path, lambda target: target == "a")
    remove_temporary(tmp_path, lambda target: target == "a.txt", folders=False)
    assert [path.name for path in tmp_path.iterdir()] == [".semlink-tmp-letter"]


def test_room_is_tried_and_leaves_no_trace(tmp_path: Path) -> None:
    check_room(tmp_path / "not" / "made", 1 << 20)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="Not a directory") as raised:
        check_room(tmp_path / "file" / "folder", 1)
    assert raised.value.filename == str(tmp_path / "file")
