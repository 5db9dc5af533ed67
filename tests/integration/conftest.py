"""Pages of the documentation as tests: their examples run as they stand, in their order, in one folder."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from semlink.experiments import cli

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ALONE = ("train", "erase", "audit", "list", "import", "export", "verify-export")  # commands of one process


@pytest.fixture
def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], set[str]]:
    """`run_page("guide.md")` runs a page in `tmp_path` and gives the kinds of blocks that it had."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMLINK_HOME", str(tmp_path / "home"))

    def command(words: list[str]) -> None:
        monkeypatch.setattr(sys, "argv", [*words, *([] if words[1] in ALONE else ["--workers", "1"])])
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert left.value.code == 0, f"{shlex.join(words)} failed"

    def run(name: str) -> set[str]:
        names: dict[str, object] = {}
        kinds = set()
        for kind, file, body in BLOCK.findall((DOCS / name).read_text(encoding="utf-8")):
            kinds.add(kind)
            if kind == "python":
                exec(compile(body, name, "exec"), names)
            elif kind in ("json", "yaml"):
                Path(file).write_text(body)
            elif kind == "console":
                for line in body.splitlines():
                    command(shlex.split(line.removeprefix("$ ")))
        return kinds

    return run
