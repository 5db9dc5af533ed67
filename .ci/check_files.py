"""Checks files: YAML can be read, and a text ends with one line end and has no blanks at the end of a line."""

import sys
from pathlib import Path

import yaml


def problems(path: Path) -> list[str]:
    """What is wrong with a file, in words."""
    text = path.read_text(encoding="utf-8")
    found = []
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        found.append("does not end with one line end")
    if any(line != line.rstrip() for line in text.split("\n")):
        found.append("has blanks at the end of a line")
    if path.suffix in (".yaml", ".yml", ".cff"):
        try:
            list(yaml.safe_load_all(text))
        except yaml.YAMLError as error:
            found.append(f"is not YAML: {error}")
    return found


if __name__ == "__main__":
    lines = [f"{name}: {problem}" for name in sys.argv[1:] for problem in problems(Path(name))]
    sys.exit("\n".join(lines))
