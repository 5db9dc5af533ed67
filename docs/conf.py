"""Settings of the documentation site, built by `make docs` from the same Markdown files that a reader of the repository sees.

Sphinx with furo and MyST, not MkDocs: Material for MkDocs gets no new features and ends, and autodoc reads our docstrings.
Nothing is fetched while the site is built or read.
"""

import re
from typing import TYPE_CHECKING

from semlink.version import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "semlink"
author = copyright = "The semlink maintainers"
version = release = __version__
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "**/*.ipynb"]
suppress_warnings = ["toc.empty_glob"]
nitpicky = False
default_role = "code"  # `name` in a docstring

myst_heading_anchors = 3  # links such as guide.md#who-is-meant, as code hosts make them
myst_enable_extensions = ["dollarmath"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"semlink {__version__}"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_theme_options = {"navigation_with_keys": True}
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False

HEADS = ("In", "Out", "Errors", "Source", "Raises", "Shapes", "Units")
HEAD = re.compile(rf"({'|'.join(HEADS)}):\s+(.*)")
PARAGRAPH_END = re.compile(r"[.:]$")


def readable(lines: list[str]) -> list[str]:
    """A docstring of ours as reStructuredText: `In:`, `Out:`, `Errors:` and `Source:` become a list of fields.

    Marks that mean something there, and are plain text in ours, are escaped; examples (>>>) stay.
    """
    made: list[str] = []
    in_field = in_example = False
    for line in lines:
        text = line.strip()
        if text.startswith(">>>"):
            if not in_example and made and made[-1]:
                made.append("")
            in_example, in_field = True, False
        elif not text:
            in_example = in_field = False
        if in_example or not text:
            made.append(line)
            continue
        head = HEAD.match(text) if not line.startswith("  ") or in_field else None
        if head:
            if not in_field:
                made.append("")
            in_field = True
            made.append(f":{head[1]}: {_escaped(head[2])}")
        elif in_field:
            made.append(f"    {_escaped(text)}")
        elif text.startswith("- "):
            if made and made[-1] and not made[-1].lstrip().startswith("- "):
                made.append("")
            made.append(_escaped(text))
        elif made and made[-1].startswith("- ") and line.startswith("  "):
            made.append(f"  {_escaped(text)}")
        else:
            made.append(_escaped(text))
    return made


def _escaped(text: str) -> str:
    """Stars, bars and closing underscores outside `code` are plain text."""
    pieces = text.split("`")
    pieces[::2] = [re.sub(r"([*|\\]|_(?=\W|$))", r"\\\1", piece) for piece in pieces[::2]]
    return "`".join(pieces)


def setup(app: "Sphinx") -> None:
    """Docstrings pass through `readable`."""

    def process(_app: object, _what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
        lines[:] = readable(list(lines))

    app.connect("autodoc-process-docstring", process)
