"""Draws what the documentation shows from the recorded rows: the gallery with its figures, and the blocks of pages.

Run it as `make figures`. With `--check` it changes nothing and fails when a page says something else than the rows.
"""

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from expected import expected_table
from gallery import LINK, write_gallery
from published import published_table
from studies import across_table, curve_table, method_table, study_table, summary_list

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "experiments" / "results"
GALLERY = ROOT / "docs" / "gallery.md"
# written by hand, but for their blocks
PAGES = ("README.md", "docs/unlearning.md", "docs/studies.md", "docs/interop.md")

# A block stands between <!-- KIND: ARGUMENTS written by `make figures` ... --> and <!-- /KIND -->. Its last argument is
# a folder of results, where it has any.
BLOCK = re.compile(
    r"(<!-- (\w+): ((?:\S+ )*?)written by `make figures`(?: from experiments/results/(\S+))?[^\n]* -->\n)"
    r".*?(<!-- /\2 -->)",
    re.DOTALL,
)
BLOCKS: dict[str, Callable[..., str]] = {
    "summary": summary_list,
    "study": study_table,
    "curve": curve_table,
    "across": across_table,
    "published": lambda: published_table(RESULTS),
    "methods": method_table,
    "expected": expected_table,
}


def with_blocks(text: str) -> str:
    """A page in which every block says what the recorded rows say."""

    def drawn(block: re.Match[str]) -> str:
        head, kind, arguments, run, end = block.groups()
        folder = (RESULTS / run,) if run else ()
        return f"{head}{BLOCKS[kind](*folder, *arguments.split())}\n{end}"

    return BLOCK.sub(drawn, text)


def main() -> int | str:
    check = "--check" in sys.argv
    pages = {ROOT / name: with_blocks((ROOT / name).read_text(encoding="utf-8")) for name in PAGES}
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "gallery") if check else GALLERY.parent / LINK
        pages[GALLERY] = write_gallery(RESULTS, figures)
    for path, text in pages.items():
        if not check:
            path.write_text(text, encoding="utf-8")
        elif text != path.read_text(encoding="utf-8"):
            return f"{path.name} differs from the recorded rows; run: make figures"
    return 0


if __name__ == "__main__":
    sys.exit(main())
