"""The script of the README runs as it stands; `make lint` checks its types against the installed package."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import semlink

ROOT = Path(__file__).resolve().parents[2]


def test_the_script_runs(tmp_path: Path) -> None:
    script = ROOT / "docs" / "first_steps.py"
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "erased codec, erased images" in done.stdout


def test_the_script_is_that_of_the_readme_and_short() -> None:
    script = (ROOT / "docs" / "first_steps.py").read_text(encoding="utf-8").split("\n\n", 1)[1]
    assert script in (ROOT / "README.md").read_text(encoding="utf-8")
    assert len([line for line in script.splitlines() if line]) <= 10


@pytest.mark.parametrize("name", ["CITATION.cff", ".pre-commit-config.yaml", ".github/workflows/ci.yml"])
def test_files_about_the_project_can_be_read(name: str) -> None:
    content = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert content["version"] == semlink.__version__ if name == "CITATION.cff" else content
