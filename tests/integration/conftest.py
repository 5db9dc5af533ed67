"""Pages of the documentation as tests: their examples run as they stand, in their order, in one folder."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from semlink.experiments.cli import app

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PARALLEL = ("sweep", "run", "block-errors", "quickstart")  # commands of several processes
KINDS = ("python", "console", "json", "yaml")


@pytest.fixture
def blocks() -> Callable[[str, str], list[str]]:
    """`blocks("docs/guide.md", "python")` gives the examples of one kind on a page."""

    def of_kind(page: str, kind: str) -> list[str]:
        return [body for name, _, body in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")) if name == kind]

    return of_kind


@pytest.fixture
def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., set[str]]:
    """`run_page("docs/guide.md")` runs the examples of a page in `tmp_path` and gives the kinds that it had.

    kinds: only these are run, such as ("python",).
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMLINK_HOME", str(tmp_path / "home"))

    def command(words: list[str]) -> None:
        monkeypatch.setattr(sys, "argv", [*words, *(["--workers", "1"] if words[1] in PARALLEL else [])])
        with pytest.raises(SystemExit) as left:
            app.main()
        assert left.value.code == 0, f"{shlex.join(words)} failed"

    def run(page: str, kinds: tuple[str, ...] = KINDS) -> set[str]:
        names: dict[str, object] = {"__name__": "__main__"}
        ran = set()
        for kind, file, body in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
            if kind not in kinds:
                continue
            ran.add(kind)
            if kind == "python" and not file:
                exec(compile(body, page, "exec"), names)
            elif kind == "console":
                for line in body.splitlines():
                    command(shlex.split(line.removeprefix("$ ")))
            else:
                Path(file).write_text(body)
        return ran

    return run
