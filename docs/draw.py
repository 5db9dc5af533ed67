"""Draws what the documentation shows from the recorded rows: the gallery with its figures, and the blocks of pages.

Run it as `make figures`. With `--check` it changes nothing and fails when a page says something else than the rows.
"""

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from decisions import decision_table
from expected import expected_table
from gallery import LINK, write_gallery
from published import published_table
from studies import across_table, curve_table, method_table, study_table, summary_list, tokens_table, verdict_table
from values import ahead, speed_of, value

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "experiments" / "results"
GALLERY = ROOT / "docs" / "gallery.md"
# written by hand, but for their blocks
PAGES = (
    "README.md",
    "docs/unlearning.md",
    "docs/studies.md",
    "docs/interop.md",
    "docs/faq.md",
    "docs/concepts/two-claims.md",
)

# A block stands between <!-- KIND: ARGUMENTS written by `make figures` ... --> and <!-- /KIND -->. Its last argument is
# a folder of results, where it has any.
BLOCK = re.compile(
    r"(<!-- (\w+): ((?:\S+ )*?)written by `make figures`(?: from experiments/results/(\S+))?[^\n]* -->\n)"
    r".*?(<!-- /\2 -->)",
    re.DOTALL,
)
# A value in a sentence stands between <!-- KIND: ARGUMENTS --> and <!-- /KIND -->.
VALUE = re.compile(r"(<!-- (value|speed|ahead): ([^\n]*?) -->).*?(<!-- /\2 -->)", re.DOTALL)
VALUES: dict[str, Callable[..., str]] = {"value": value, "speed": speed_of, "ahead": ahead}
BLOCKS: dict[str, Callable[..., str]] = {
    "summary": summary_list,
    "study": study_table,
    "curve": curve_table,
    "across": across_table,
    "published": lambda: published_table(RESULTS),
    "decisions": lambda: decision_table(RESULTS),
    "tokens": tokens_table,
    "verdicts": verdict_table,
    "methods": method_table,
    "expected": expected_table,
}


def with_blocks(text: str) -> str:
    """A page in which every block and value says what the recorded rows say."""

    def drawn(block: re.Match[str]) -> str:
        head, kind, arguments, run, end = block.groups()
        folder = (RESULTS / run,) if run else ()
        return f"{head}{BLOCKS[kind](*folder, *arguments.split())}\n{end}"

    def told(sentence: re.Match[str]) -> str:
        head, kind, arguments, end = sentence.groups()
        if not text[text.rfind("\n", 0, text.find(head)) : text.find(head)].strip():
            raise ValueError(f"a comment at the beginning of a line would end the paragraph: {head}")
        return f"{head}{VALUES[kind](RESULTS, *arguments.split())}{end}"

    return VALUE.sub(told, BLOCK.sub(drawn, text))


def main() -> int | str:
    check = "--check" in sys.argv
    pages = {ROOT / name: with_blocks((ROOT / name).read_text(encoding="utf-8")) for name in PAGES}
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "gallery")
        pages[GALLERY] = write_gallery(RESULTS, figures)
        if not check:  # all of them could be drawn
            shutil.rmtree(GALLERY.parent / LINK, ignore_errors=True)
            shutil.copytree(figures, GALLERY.parent / LINK)
    for path, text in pages.items():
        if not check:
            path.write_text(text, encoding="utf-8")
        elif text != path.read_text(encoding="utf-8"):
            return f"{path.name} differs from the recorded rows; run: make figures"
    return 0


if __name__ == "__main__":
    sys.exit(main())
