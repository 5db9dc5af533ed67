"""The examples of docs/guide.md run as they stand, in their order."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from semlink.experiments import cli

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMLINK_HOME", str(tmp_path / "home"))
    names: dict[str, object] = {}
    kinds = set()
    for kind, file, body in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        kinds.add(kind)
        if kind == "python":
            exec(compile(body, str(GUIDE), "exec"), names)
        elif kind in ("json", "yaml"):
            Path(file).write_text(body)
        elif kind == "console":
            for line in body.splitlines():
                _run(shlex.split(line.removeprefix("$ ")), monkeypatch)
    assert kinds == {"python", "console", "json", "yaml"}


def _run(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    extra = [] if command[1] in ("train", "erase", "audit", "list") else ["--workers", "1"]
    monkeypatch.setattr(sys, "argv", [*command, *extra])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 0, f"{shlex.join(command)} failed"
