"""One command at a time in a folder, under whatever name, and no trace of it afterwards."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from semlink.errors import FolderInUse
from semlink.files import TEMPORARY
from semlink.folder_lock import folder_lock, locked

HOLD = (
    "import pathlib, sys, time; from semlink.folder_lock import folder_lock\n"
    "with folder_lock(pathlib.Path(sys.argv[1])):\n"
    "    print('held', flush=True); time.sleep(60)"
)


def _holder(folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_second_process_is_told_at_once_and_a_killed_one_bars_nobody(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with _holder(tmp_path / "out") as process:
        for name in ("out", "link", "out/../out"):
            with (
                pytest.raises(FolderInUse, match=rf"process \({process.pid}\) works in .*out;"),
                folder_lock(tmp_path / name),
            ):
                pass
        with folder_lock(tmp_path / "other"):
            pass
        process.kill()
    assert (tmp_path / ".out.lock").exists()
    with folder_lock(tmp_path / "out"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"out", "link"}


def test_it_leaves_no_folder_that_it_made(tmp_path: Path) -> None:
    with folder_lock(tmp_path / "deep" / "er" / "out"):
        pass
    assert list(tmp_path.iterdir()) == []
    with folder_lock(tmp_path / "deep" / "out"):
        (tmp_path / "deep" / "out").mkdir()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_who_holds_it_may_take_it_again_but_no_other_thread(tmp_path: Path) -> None:
    found: list[BaseException] = []

    def other() -> None:
        try:
            with folder_lock(tmp_path / "out"):
                pass
        except FolderInUse as error:
            found.append(error)

    with folder_lock(tmp_path / "out"):
        with folder_lock(tmp_path / "out"):
            pass
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(found) == 1
    other()
    assert len(found) == 1


def test_a_folder_beside_which_nothing_can_be_written_is_locked_inside(tmp_path: Path, monkeypatch) -> None:
    """Root may write anywhere: what `os.access` says stands for it."""
    (tmp_path / "out").mkdir()
    monkeypatch.setattr("os.access", lambda *_: False)
    with folder_lock(tmp_path / "out"):
        assert (tmp_path / "out" / ".lock").exists()
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert list((tmp_path / "out").iterdir()) == []


def test_it_clears_what_killed_commands_left_of_this_folder_alone(tmp_path: Path) -> None:
    def left(place: Path, target: str) -> Path:
        return place / f"{TEMPORARY}abcd1234-{target}"

    out = tmp_path / "out"
    (out / ".parts").mkdir(parents=True)
    gone = [left(tmp_path, ".out.checkpoint"), left(tmp_path, ".out.checkpoint-part-1"), left(tmp_path, ".out.codes")]
    gone += [left(out, "run.yaml"), left(out / ".parts", "a.jsonl")]
    stays = [left(tmp_path, "out.b"), left(tmp_path, ".out.b.checkpoint"), tmp_path / ".out.checkpoint", out / "mine"]
    stays += [left(out, ".b.checkpoint")]
    for path in gone + stays:
        path.write_text("x")
    left(tmp_path, "out").mkdir()
    left(out, "b").mkdir()  # the work of a command with --out out/b
    with folder_lock(out):
        assert not any(path.exists() for path in [*gone, left(tmp_path, "out")])
        assert all(path.exists() for path in [*stays, left(out, "b")])


def test_a_function_is_locked_by_its_parameter(tmp_path: Path) -> None:
    @locked("out", "folder")
    def work(folder: Path, out: Path | None = None) -> list[str]:
        return [path.name for path in tmp_path.iterdir()]

    assert work(tmp_path / "a") == [".a.lock"]
    assert work(tmp_path / "a", tmp_path / "b") == [".b.lock"]
    assert work(out=None, folder=tmp_path / "a") == [".a.lock"]
