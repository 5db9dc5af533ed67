"""A short run of the stress script: every input is taken or refused in one sentence, in time, without a socket."""

import importlib.util
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "stress" / "untrusted_input.py"


@pytest.fixture
def script() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("untrusted_input_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]
    logging.disable(logging.NOTSET)


def test_a_few_hundred_hostile_inputs(script: ModuleType, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        tallies, sockets = script.run(tmp_path, tries=600, seconds=40.0, backbones=False)
    assert sockets == 0
    for name, tally in tallies.items():
        assert not tally.worst, (name, tally.worst)
        assert tally.counts["refused"] > 0, name
        assert tally.slowest < script.SECONDS_MOST


def test_a_reader_that_raises_something_else_is_noticed(script: ModuleType) -> None:
    def lost() -> None:
        raise KeyError("rate")

    tally = script.Tally()
    assert [tally.one(lost), tally.one(lambda: None)] == ["unhandled", "accepted"]
    assert tally.worst
