"""Runs the tutorials, writes their printed results and figures into the pages, and makes a notebook of each.

`python docs/tutorials.py` runs and writes; `--notebooks` only makes the notebooks. Cells keep no outputs.
"""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

FOLDER = Path(__file__).with_name("tutorials")
NAMES = ("wireless", "privacy", "engineer")
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"\n```text\n.*?^```\n", re.MULTILINE | re.DOTALL)


METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)  # of a figure: the time of its drawing


def run(text: str) -> str:
    """The page with what its Python blocks print under each of them. It runs in the working folder."""
    names: dict[str, object] = {}
    matplotlib.rcParams["svg.hashsalt"] = "semlink"  # the same rows give the same bytes

    def after(block: re.Match[str]) -> str:
        kind, file, body = block.groups()
        printed = io.StringIO()
        if kind == "python":
            with contextlib.redirect_stdout(printed):
                exec(compile(body, "tutorial", "exec"), names)
        elif kind == "json":
            Path(file).write_text(body, encoding="utf-8")
        elif kind == "console":
            for line in body.splitlines():
                subprocess.run([sys.executable, "-m", *line.removeprefix("$ ").split()], check=True)
        return block[0] + (f"\n```text\n{printed.getvalue()}```\n" if printed.getvalue() else "")

    return BLOCK.sub(after, PRINTED.sub("", text))


def notebook(text: str) -> str:
    """The page as a notebook without outputs: prose and cells in their order."""
    cells: list[dict[str, object]] = []

    def add(kind: str, source: str) -> None:
        if source.strip():
            cell = {"cell_type": kind, "id": f"cell-{len(cells)}", "metadata": {}}
            code = {"execution_count": None, "outputs": []} if kind == "code" else {}
            cells.append({**cell, **code, "source": source.strip().splitlines(keepends=True)})

    end = 0
    text = PRINTED.sub("", text)
    for block in BLOCK.finditer(text):
        add("markdown", text[end : block.start()])
        kind, file, body = block.groups()
        if kind == "console":
            body = "\n".join("!" + line.removeprefix("$ ") for line in body.splitlines())
        add("code", f"%%writefile {file}\n{body}" if kind == "json" else body)
        end = block.end()
    add("markdown", text[end:])
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return (
        json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
        + "\n"
    )


def main() -> None:
    for name in NAMES:
        page = FOLDER / f"{name}.md"
        text = page.read_text(encoding="utf-8")
        if "--notebooks" not in sys.argv:
            here = Path.cwd()
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
                text = run(text)
                for figure in Path(folder).glob("*.svg"):
                    undated = METADATA.sub("", figure.read_text(encoding="utf-8"))
                    Path(FOLDER, "figures", figure.name).write_text(undated, encoding="utf-8")
                os.chdir(here)
            page.write_text(text, encoding="utf-8")
        page.with_suffix(".ipynb").write_text(notebook(text), encoding="utf-8")


if __name__ == "__main__":
    main()
