"""Prints the test files for `make quick`: those of what changed since the last commit, or a small selection of all.

A changed test file is chosen itself. For a changed module these are chosen: the tests with its name
(`channels/awgn.py`: `tests/channels/test_awgn.py`), those with the name of its folder (`codecs/text/model.py`:
`tests/codecs/test_text_*.py`), those that import it, and the contract tests. They come in this order, since the option
`--seconds` leaves out the last ones.
"""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("channels", "codecs", "simulator", "unlearning", "experiments")
SELECTION = (
    "tests/semlink/test_files.py",
    "tests/semlink/test_memory.py",
    "tests/semlink/test_progress.py",
    "tests/semlink/test_registry.py",
    "tests/semlink/test_seeding.py",
    "tests/channels/test_awgn.py",
    "tests/channels/test_power.py",
    "tests/channels/test_snr.py",
    "tests/channels/test_rayleigh.py",
    "tests/codecs/test_constellation.py",
    "tests/codecs/test_posterior.py",
    "tests/codecs/test_text_tokenizer.py",
    "tests/simulator/test_batches.py",
    "tests/simulator/test_intervals.py",
    "tests/simulator/test_results.py",
    "tests/simulator/test_sources_digits.py",
    "tests/unlearning/test_partition.py",
    "tests/unlearning/test_request.py",
    "tests/experiments/workflow/test_recipe.py",
    "tests/semlink/test_layout.py",
)


def changed_files() -> list[str]:
    """Files that differ from the last commit, and new ones, as paths from the root."""
    commands = (["git", "diff", "--name-only", "HEAD"], ["git", "ls-files", "--others", "--exclude-standard"])
    outputs = [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True) for command in commands]
    return [line for output in outputs for line in output.stdout.splitlines() if (ROOT / line).is_file()]


def tests_of(module: Path, all_tests: list[Path]) -> list[Path]:
    """In: module: a path from the root, such as codecs/awgn.py. all_tests: paths from the root."""
    inside = module.relative_to("src/semlink") if module.is_relative_to("src/semlink") else module
    folder = inside.parts[0] if inside.parts[0] in FOLDERS else "semlink"
    rooms, name = "_".join(inside.parent.parts[1:]) if folder in inside.parts else "", inside.stem
    dotted = ".".join(["semlink", *inside.with_suffix("").parts]).removesuffix(".__init__")
    own = [test for test in all_tests if test.parts[1] == folder]
    called = {test: "_".join([*test.parent.parts[2:], test.stem.removeprefix("test_")]) for test in own}
    named = [test for test in own if called[test] in (name, f"{rooms}_{name}")]
    named += [test for test in own if rooms and called[test].startswith(f"{rooms}_")]
    importing = [test for test in all_tests if f"{dotted} import" in (ROOT / test).read_text(encoding="utf-8")]
    contracts = [test for test in own if test.stem.endswith("contract")]
    return [*named, *importing, *contracts]


def main() -> None:
    all_tests = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))
    chosen: list[Path] = []
    for changed in map(Path, changed_files()):
        if changed in all_tests:
            chosen.insert(0, changed)
        elif changed.suffix == ".py" and changed.parts[0] in (*FOLDERS, "src"):
            chosen += tests_of(changed, all_tests)
    print(*(dict.fromkeys(map(str, chosen)) or SELECTION))


if __name__ == "__main__":
    main()
