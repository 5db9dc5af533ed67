"""Pages of the documentation: their links lead somewhere, and the examples of tutorials and concepts run."""

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PAGES = [page for page in PAGES if "_build" not in page.parts]
TUTORIALS = ("wireless", "privacy", "engineer")
CONCEPTS = ("snr", "bandwidth", "fading")
LINK = re.compile(r"\]\(([^)\s]+)\)")
DRAWN = re.compile(r"<!-- (\w+): [^\n]*? -->(.*?)<!-- /\1 -->", re.DOTALL)
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def _prose(page: Path) -> str:
    return CODE.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    """The anchors that a code host and the site give to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(_prose(page)):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}, which is not there"
        if anchor and target.suffix == ".md":
            assert anchor in _anchors(target), f"{page.name} links to {link}, and there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_drawn_into_a_page_is_there_and_ends_no_paragraph(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for found in DRAWN.finditer(text):
        kind, drawn = found.groups()
        assert drawn.strip(), f"{page.name} has an empty {kind}; run: make figures"
        before = text[: found.start()].rpartition("\n")[2]
        assert drawn.startswith("\n") or before.strip(), (
            f"{page.name}: a {kind} at the beginning of a line ends a paragraph"
        )


@pytest.mark.parametrize("name", TUTORIALS)
def test_tutorials_run(name: str, run_page: Callable[..., set[str]]) -> None:
    assert "python" in run_page(f"docs/tutorials/{name}.md")


@pytest.mark.parametrize("name", CONCEPTS)
def test_examples_of_concepts_run(name: str, run_page: Callable[..., set[str]]) -> None:
    assert run_page(f"docs/concepts/{name}.md") == {"python"}


@pytest.mark.parametrize("name", TUTORIALS)
def test_notebooks_hold_the_cells_of_their_pages(name: str) -> None:
    page = ROOT / "docs" / "tutorials" / f"{name}.md"
    text = page.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert text == _module("tutorials").notebook(page.read_text(encoding="utf-8")), (
        "run: python docs/tutorials.py --notebooks"
    )
    assert all(not cell.get("outputs") for cell in json.loads(text)["cells"])


def test_docstrings_become_fields_for_the_site() -> None:
    readable = _module("conf").readable
    told = readable(
        ["One line. Errors: WrongField.", "", "In:     what: a *name*.", "        more.", "Out: `a*b`", ">>> 1 * 2"]
    )
    assert [line for line in told if line] == [
        "One line.", ":Errors: WrongField.", r":In: what: a \*name\*.", "    more.", ":Out: `a*b`", ">>> 1 * 2",
    ]  # fmt: skip


def _module(name: str) -> ModuleType:
    """A script of the folder of the documentation, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
