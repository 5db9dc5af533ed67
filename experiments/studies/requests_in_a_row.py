"""Three requests in a row by several methods: does the second one bring the first person back?

`python experiments/studies/requests_in_a_row.py OUT [SEED]` trains a text codec and an image codec that infers classes,
carries out three requests on each, one after the other, and deletes the erased lines of the text after each. It prints
what came through of each subject right after its own request and at the end, at 12 dB over AWGN, measured with the
vocabulary of the original. Everything is kept below OUT, so that a stopped study goes on.
"""

import sys
from pathlib import Path

import semlink as sl
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.recipe_file import recipe_from
from semlink.simulator.results import Row

SNR_DB = 12.0
SWEEP = ["records=300", "draws=2"]
TERMS = (("debugger", "debugging", "pdb"), ("generator", "generators"), ("decorator", "decorators"))
CLASSES = (("7",), ("3",), ("1",))
TEXT_METHODS = ("finetune", "scrub", "scu:rate=0.002", "scu-bounded", "retrain")
IMAGE_METHODS = ("finetune", "scrub", "random-labels", "contrastive", "retrain")


def text_recipe(lines: Path, seed: int) -> Recipe:
    """A word codec on a text file whose lines can be deleted."""
    content = {
        "experiment": "messages", "source": {"name": "text-file", "path": str(lines)},
        "codec": {"name": "text", "variational": True},
        "training": {"steps": 600, "batch": 32, "learning_rate": 0.002, "snr_db": [0, 18]}, "seed": seed,
    }  # fmt: skip
    return recipe_from(content, "of the study")


def image_recipe(seed: int) -> Recipe:
    """A classifier behind a link, on embedded digits."""
    content = {
        "experiment": "classes", "source": "digits", "codec": {"name": "task"},
        "training": {"steps": 600, "batch": 32, "learning_rate": 0.002, "snr_db": [0, 18]}, "seed": seed,
    }  # fmt: skip
    return recipe_from(content, "of the study")


def write_lines(file: Path, kept: list[str]) -> None:
    """The text as its owner keeps it."""
    file.write_text("\n".join(kept) + "\n", encoding="utf-8")


def came_through(original: Path, codec: Path, request: sl.ErasureRequest, out: Path, metric: str, place: str) -> Row:
    """The row of a metric on what a request erased."""
    results = sl.sweep([original, codec], snr_db=SNR_DB, request=request, out=out, overrides=SWEEP)
    return next(row for row in results.filter(metric, set=place) if row.version != "original")


def in_a_row(folder: Path, by: str, subjects: tuple[tuple[str, ...], ...], method: str, lines: Path | None) -> None:
    """Carries out the requests and prints one line for each subject."""
    metric, place = ("term_recall", "forget") if by == "term" else ("label_accuracy", "forget_test")
    text = [] if lines is None else lines.read_text(encoding="utf-8").splitlines()
    requests = [
        sl.ErasureRequest.of(by, values, "A study.", f"subject-{number}", "2026-11-01")  # type: ignore[arg-type]
        for number, values in enumerate(subjects)
    ]
    original, own = folder / "original", folder / method.partition(":")[0]
    codec, kept, first = original, text, []
    for number, request in enumerate(requests):
        new = own / f"codec-{number}"
        sl.erase(codec, request, new, method)
        first.append(came_through(original, new, request, own / f"own-{number}", metric, place))
        if lines is not None:
            kept = [line for line in kept if not _names(line, subjects[number])]
            write_lines(lines, kept)
        codec = new
    if lines is not None:
        write_lines(lines, text)  # as only an experimenter may, to look at what is left
    for number, request in enumerate(requests):
        last = came_through(original, codec, request, own / f"end-{number}", metric, place)
        after = f"{_told(first[number])} after its own request, {_told(last)} at the end"
        print(f"{by:5} {method:16} subject {number}: {after}", flush=True)


def _told(row: Row) -> str:
    return f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}] (n={row.n})"


def _names(line: str, words: tuple[str, ...]) -> bool:
    return any(word in line.casefold() for word in words)


def main(out: Path, seed: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    lines = out / "messages.txt"
    source = sl.load_source("python-docs")
    write_lines(lines, [record.payload for split in (source.train, source.validation, source.test) for record in split])
    sl.train(text_recipe(lines, seed), out / "text" / "original")
    sl.train(image_recipe(seed), out / "image" / "original")
    for folder, by, subjects, methods, file in (
        (out / "text", "term", TERMS, TEXT_METHODS, lines),
        (out / "image", "label", CLASSES, IMAGE_METHODS, None),
    ):
        for method in methods:
            in_a_row(folder, by, subjects, method, file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
