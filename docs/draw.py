"""Draws what the documentation shows from the recorded rows: figures, and the numbers in README.md.

Run it as `make figures`. With `--check` it changes nothing and fails when README.md says something else than the rows.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

from semlink.experiments.report import write_report
from semlink.experiments.report.rows import load_measurements
from semlink.experiments.report.summary import sentences

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "experiments" / "results" / "quickstart"
FIGURES = {
    "text-python-docs-key": "quickstart-text",
    "image-digits-key": "quickstart-digits",
}
NOUNS = {"text-python-docs": "sentences", "image-digits": "images"}
BLOCK = re.compile(r"(<!-- summary: [^>]*-->\n).*?(<!-- /summary -->)", re.DOTALL)


def readme(text: str) -> str:
    """README.md with the summary of the recorded rows in its place."""
    told = [
        f"- **{measured.name}**: {' '.join(sentences(measured, NOUNS[measured.name]))}\n"
        for measured in load_measurements(RESULTS / "results.jsonl")
    ]
    return BLOCK.sub(lambda found: found.group(1) + "".join(told) + found.group(2), text)


def main() -> int:
    path = ROOT / "README.md"
    old = path.read_text(encoding="utf-8")
    new = readme(old)
    if "--check" in sys.argv:
        return 0 if new == old else "README.md differs from the recorded rows; run: make figures"
    path.write_text(new, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        write_report(RESULTS, Path(folder))
        for name, target in FIGURES.items():
            for part in ("forget", "quality"):
                drawn = Path(folder, "figures", f"{name}-{part}.png")
                shutil.copyfile(drawn, ROOT / "docs" / "figures" / f"{target}-{part}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
