"""The examples of docs/guide.md run as they stand, in their order."""

from collections.abc import Callable


def test_the_guide_runs(run_page: Callable[[str], set[str]]) -> None:
    assert run_page("guide.md") == {"python", "console", "json", "yaml"}
