"""Writes the requirements files: the versions of constraints.txt, with the hashes of all files of these versions.

requirements.txt is what semlink needs to run, requirements-dev.txt what tests, checks and releases need as well, and
requirements-docs.txt what the documentation site does. Run by `make lock` after a change of constraints.txt or of
setup.cfg; it asks the package index for the hashes.

torch stands in neither: which file of it is right depends on the machine (CPU, or the version of CUDA), and the builds
for CPUs come from another index. So it is installed by its version, and with it what only a CUDA build needs.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = {  # name: what it is for, extras, and the lowest Python, of which the tools of the site need a later one
    "requirements.txt": ("What semlink needs to run", (), "3.11"),
    "requirements-dev.txt": ("What tests, checks and releases need", ("test", "lint", "release"), "3.11"),
    "requirements-docs.txt": ("What the documentation site needs", ("docs",), "3.11.5"),
}
HEAD = """\
# {what}, with hashes. Written by `make lock` from setup.cfg and constraints.txt.
# pip install --require-hashes --no-deps -r {name}; then torch: pip install --constraint constraints.txt torch
"""
OF_TORCH = re.compile(r"torch==|triton==|cuda-|nvidia-")
NAME = re.compile(r"([A-Za-z0-9._-]+)==([^ ;]+)")


def normal(name: str) -> str:
    """A name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """Name and version of each package in a requirements or constraints file."""
    return {normal(found[1]): found[2] for line in text.splitlines() if (found := NAME.match(line))}


def resolved(extras: tuple[str, ...], python: str) -> str:
    """The requirements of semlink and of some extras for all platforms and from a Python on, as `uv` resolves them."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "setup.cfg", "--constraint", "constraints.txt", "--quiet"]
    command += ["--universal", "--python-version", python, "--generate-hashes", "--no-annotate", "--no-header"]
    command += [part for extra in extras for part in ("--extra", extra)]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def main() -> None:
    exact = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    for name, (what, extras, python) in FILES.items():
        blocks = re.split(r"\n(?! )", resolved(extras, python).strip())
        kept = [block for block in blocks if not OF_TORCH.match(block) and "== 'emscripten'" not in block]
        loose = [package for package, version in pins("\n".join(kept)).items() if exact.get(package) != version]
        if loose:
            sys.exit(f"Write the versions of these into constraints.txt: {', '.join(loose)}.")
        content = HEAD.format(what=what, name=name) + "\n".join(kept) + "\n"
        (ROOT / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
