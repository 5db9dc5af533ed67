"""A missing package is named, with a command that installs it."""

import configparser
import re
import sys
from pathlib import Path

import pytest

from semlink.codecs.optional_import import EXTRAS, install_command, optional_import
from semlink.errors import CodecError

SETUP = Path(__file__).resolve().parents[2] / "setup.cfg"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    needed = r"Running ONNX files needs onnxruntime.*: pip install onnx onnxscript onnxruntime\.$"
    with pytest.raises(CodecError, match=needed):
        optional_import("onnxruntime", "onnx", "Running ONNX files")


def test_versions_are_quoted_for_the_shell() -> None:
    assert install_command("tensorflow") == 'pip install "tensorflow>=2.20,<2.21" ai-edge-litert'


def test_extras_are_those_of_the_package() -> None:
    parser = configparser.ConfigParser()
    parser.read(SETUP)
    declared = parser["options.extras_require"]
    for extra, packages in EXTRAS.items():
        requirements = [line for line in declared[extra].splitlines() if line and not line.startswith("#")]
        assert [_name(requirement) for requirement in requirements] == [_name(package) for package in packages]
        assert {package for package in packages if ">" in package} <= set(requirements)


def _name(requirement: str) -> str:
    return re.split("[<>=]", requirement)[0]
