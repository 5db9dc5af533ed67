"""The examples of docs/guide.md and README.md run as they stand, with nothing deeper than the front door."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

ERASURE = "sl.erase("  # in the script that the guide and the README share


def test_the_guide_runs(run_page: Callable[..., set[str]]) -> None:
    assert run_page("docs/guide.md") == {"python", "console", "json", "yaml"}
    assert Path("two-codecs.svg").is_file()


def test_the_script_of_the_readme_runs(run_page: Callable[..., set[str]]) -> None:
    """It leaves the curve before and after, and the certificate of the erasure."""
    assert run_page("README.md", ("python",)) == {"python"}
    assert Path("before-and-after.svg").is_file()
    assert Path("without-zeros", "erasure.json").is_file()


@pytest.mark.parametrize("page", ["README.md", "docs/guide.md"])
def test_the_script_of_an_erasure_has_at_most_ten_lines(page: str, blocks: Callable[[str, str], list[str]]) -> None:
    (script,) = (block for block in blocks(page, "python") if ERASURE in block)
    assert len([line for line in script.splitlines() if line]) <= 10


@pytest.mark.parametrize("page", ["README.md", "docs/guide.md", "docs/interop.md"])
def test_examples_use_the_front_door_alone(page: str, blocks: Callable[[str, str], list[str]]) -> None:
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("semlink")
            elif isinstance(node, ast.Import):
                assert not [name.name for name in node.names if name.name.startswith("semlink.")]
