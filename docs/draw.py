"""Draws what the documentation shows from the recorded rows: figures, the numbers in README.md, and the gallery.

Run it as `make figures`. With `--check` it changes nothing and fails when README.md or docs/gallery.md say something else
than the rows.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

from gallery import LINK, noun_of, write_gallery

from semlink.experiments.report import write_report
from semlink.experiments.report.rows import load_measurements
from semlink.experiments.report.summary import sentences

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "experiments" / "results"
FIGURES = {  # folder of results -> figure of its report -> name in docs/figures
    "quickstart": {
        "text-python-docs-key-forget": "quickstart-text-forget",
        "text-python-docs-key-quality": "quickstart-text-quality",
        "image-digits-key-forget": "quickstart-digits-forget",
        "image-digits-key-quality": "quickstart-digits-quality",
    },
    "link-text": {"link-text-corpus_bleu4": "link-text"},
    "link-cifar10": {"link-cifar10-psnr": "link-cifar10"},
    "link-adaptation": {"link-adaptation-psnr": "link-adaptation"},
}
BLOCK = re.compile(r"(<!-- summary: [^>]*experiments/results/(\S+) -->\n).*?(<!-- /summary -->)", re.DOTALL)


def readme(text: str) -> str:
    """README.md with a summary of recorded rows in each place that asks for one."""

    def told(found: re.Match[str]) -> str:
        lines = [
            f"- **{measured.name}**: {' '.join(sentences(measured, noun_of(measured)))}\n"
            for measured in load_measurements(RESULTS / found.group(2) / "results.jsonl")
        ]
        return found.group(1) + "".join(lines) + found.group(3)

    return BLOCK.sub(told, text)


def main() -> int | str:
    path = ROOT / "README.md"
    old = path.read_text(encoding="utf-8")
    new = readme(old)
    page = ROOT / "docs" / "gallery.md"
    if "--check" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            told = write_gallery(RESULTS, Path(folder, "gallery"))
        for where, now, then in ((path, new, old), (page, told, page.read_text(encoding="utf-8"))):
            if now != then:
                return f"{where.name} differs from the recorded rows; run: make figures"
        return 0
    page.write_text(write_gallery(RESULTS, page.parent / LINK), encoding="utf-8")
    path.write_text(new, encoding="utf-8")
    for run, wanted in FIGURES.items():
        with tempfile.TemporaryDirectory() as folder:
            write_report(RESULTS / run, Path(folder))
            for name, target in wanted.items():
                drawn = Path(folder, "figures", f"{name}.png")
                shutil.copyfile(drawn, ROOT / "docs" / "figures" / f"{target}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
