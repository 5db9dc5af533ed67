"""The layout holds: every folder with code is a package that tools find through its link, and is light to import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("simulator", "channels", "codecs", "unlearning", "experiments")
HEAVY = ("torch", "numpy", "sionna", "tensorflow", "transformers", "scipy")


def test_every_folder_with_code_is_a_package() -> None:
    scripts = {"experiments/benchmarks", "experiments/studies"}
    for folder in FOLDERS:
        for module in (ROOT / folder).rglob("*.py"):
            place = module.parent.relative_to(ROOT).as_posix()
            assert place in scripts or (module.parent / "__init__.py").exists(), f"{place} has no __init__.py"


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_folder_is_linked(folder: str) -> None:
    assert (ROOT / "src" / "semlink" / folder).resolve() == ROOT / folder


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import semlink", HEAVY),
        ("import semlink.experiments.cli.app", HEAVY),
        ("import semlink; assert 'awgn' in semlink.names('channels')", HEAVY),
        ("import semlink; semlink.ErasureRequest", HEAVY),
        (
            "from semlink.channels import build_channel; build_channel('rayleigh')",
            ("sionna", "tensorflow", "transformers"),
        ),
        ("from semlink.experiments.workflow.listing import listing; listing('channels')", HEAVY),
        ("import semlink.experiments.workflow.experiment", ("sionna", "tensorflow")),
    ],
)
def test_imports_are_light(code: str, absent: tuple[str, ...]) -> None:
    program = f"{code}\nimport sys\nprint(*[name for name in {absent!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []


def test_a_class_name_stands_once_in_the_project() -> None:
    names: dict[str, list[str]] = {}
    for folder in FOLDERS:
        for module in (ROOT / folder).rglob("*.py"):
            for node in ast.parse(module.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    names.setdefault(node.name, []).append(module.relative_to(ROOT).as_posix())
    assert {name: places for name, places in names.items() if len(places) > 1} == {}
