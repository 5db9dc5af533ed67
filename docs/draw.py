"""Draws what the documentation shows from the recorded rows: figures, numbers and tables of its pages, and the gallery.

Run it as `make figures`. With `--check` it changes nothing and fails when a page says something else than the rows.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

from gallery import LINK, noun_of, write_gallery
from published import published_table
from studies import across_table, curve_table, method_table, study_table

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
PAGES = ("README.md", "docs/unlearning.md")  # written by hand, but for their blocks
SUMMARY = re.compile(r"(<!-- summary: [^>]*experiments/results/(\S+) -->\n).*?(<!-- /summary -->)", re.DOTALL)
STUDY = re.compile(
    r"(<!-- study: (\S+) written by `make figures` from experiments/results/(\S+) -->\n).*?(<!-- /study -->)", re.DOTALL
)
CURVE = re.compile(
    r"(<!-- curve: (\S+) (\S+) (\S+) written by `make figures` from experiments/results/(\S+) -->\n).*?(<!-- /curve -->)",
    re.DOTALL,
)
ACROSS = re.compile(
    r"(<!-- across: (\S+) (\S+) written by `make figures` from experiments/results/(\S+) -->\n).*?(<!-- /across -->)",
    re.DOTALL,
)
PUBLISHED = re.compile(r"(<!-- published: [^>]*-->\n).*?(<!-- /published -->)", re.DOTALL)
METHODS = re.compile(r"(<!-- methods: [^>]*-->\n).*?(<!-- /methods -->)", re.DOTALL)


def page(text: str) -> str:
    """A page with what its blocks ask for: a summary of recorded rows, the table of a study, or that of all methods."""

    def told(found: re.Match[str]) -> str:
        lines = [
            f"- **{measured.name}**: {' '.join(sentences(measured, noun_of(measured)))}\n"
            for measured in load_measurements(RESULTS / found.group(2) / "results.jsonl")
        ]
        return found.group(1) + "".join(lines) + found.group(3)

    def compared(found: re.Match[str]) -> str:
        return f"{found.group(1)}{study_table(RESULTS / found.group(3), found.group(2))}\n{found.group(4)}"

    text = SUMMARY.sub(told, text)

    def curved(found: re.Match[str]) -> str:
        head, experiment, metric, set_name, run, end = found.groups()
        return f"{head}{curve_table(RESULTS / run, experiment, metric, set_name)}\n{end}"

    def spread(found: re.Match[str]) -> str:
        head, metric, set_name, run, end = found.groups()
        return f"{head}{across_table(RESULTS / run, metric, set_name)}\n{end}"

    text = ACROSS.sub(spread, CURVE.sub(curved, STUDY.sub(compared, text)))
    text = PUBLISHED.sub(lambda found: f"{found.group(1)}{published_table(RESULTS)}\n{found.group(2)}", text)
    return METHODS.sub(lambda found: f"{found.group(1)}{method_table()}\n{found.group(2)}", text)


def main() -> int | str:
    pages = {ROOT / name: page((ROOT / name).read_text(encoding="utf-8")) for name in PAGES}
    gallery = ROOT / "docs" / "gallery.md"
    if "--check" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            told = write_gallery(RESULTS, Path(folder, "gallery"))
        for where, now in {**pages, gallery: told}.items():
            if now != where.read_text(encoding="utf-8"):
                return f"{where.name} differs from the recorded rows; run: make figures"
        return 0
    gallery.write_text(write_gallery(RESULTS, gallery.parent / LINK), encoding="utf-8")
    for where, now in pages.items():
        where.write_text(now, encoding="utf-8")
    for run, wanted in FIGURES.items():
        with tempfile.TemporaryDirectory() as folder:
            write_report(RESULTS / run, Path(folder))
            for name, target in wanted.items():
                drawn = Path(folder, "figures", f"{name}.png")
                shutil.copyfile(drawn, ROOT / "docs" / "figures" / f"{target}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
