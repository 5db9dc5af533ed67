"""The requirements files hold what semlink needs, in the tested versions, each with the hashes of its files."""

import configparser
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("lock", ROOT / ".ci" / "lock.py")
assert SPEC is not None
assert SPEC.loader is not None
lock = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(lock)


def declared(extras: tuple[str, ...]) -> set[str]:
    """What setup.cfg says that semlink and some of its extras need, by name, less torch."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    texts = [config["options"]["install_requires"], *(config["options.extras_require"][extra] for extra in extras)]
    lines = [line for text in texts for line in text.splitlines() if line and not line.startswith("#")]
    return {lock.normal(re.split(r"[<>=!~;\[ ]", line)[0]) for line in lines} - {"torch"}


@pytest.mark.parametrize("name", lock.FILES)
def test_a_requirements_file_is_that_of_setup_cfg_and_constraints(name: str) -> None:
    """Else run: make lock."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found, exact = lock.pins(text), lock.pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    assert declared(lock.FILES[name][1]) <= set(found)
    assert found.items() <= exact.items()
    assert not any(lock.OF_TORCH.match(line) for line in text.splitlines())
    blocks = re.split(r"\n(?! )", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)
