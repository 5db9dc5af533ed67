"""The examples of docs/data.md run as they stand."""

from collections.abc import Callable
from pathlib import Path


def test_the_page_runs(run_page: Callable[..., set[str]]) -> None:
    assert run_page("docs/data.md") == {"python", "console", "yaml"}
    assert Path("without-ann", "erasure.json").is_file()
    assert Path("pets-sweep", "results.jsonl").is_file()
