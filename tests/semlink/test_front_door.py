"""The front door: light to import, every example in it runs, and it does what the command line does."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import semlink as sl
from semlink import front_door
from semlink.experiments.workflow import results


def _examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for module in (sl, front_door, results) for test in finder.find(module) if test.examples]


@pytest.mark.parametrize("example", _examples(), ids=lambda example: example.name)
def test_examples_of_the_docstrings_run(
    example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMLINK_HOME", str(tmp_path / "home"))
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example).failed == 0


def test_every_function_has_an_example() -> None:
    named = {example.name.rpartition(".")[2] for example in _examples()}
    functions = {name for name in sl.__all__ if name.islower() and not name.startswith("_")}
    assert functions - {"block_errors"} <= named


def test_every_name_is_there_and_another_says_which_are() -> None:
    assert all(getattr(sl, name) is not None for name in sl.__all__)
    assert set(dir(sl)) == set(sl.__all__)
    with pytest.raises(AttributeError, match="load_codec"):
        _ = sl.load_kodec  # type: ignore[attr-defined]


def test_importing_it_takes_no_tenth_of_a_second() -> None:
    """The fastest of five processes, less what Python itself takes."""
    program = "import time; began = time.perf_counter(); import semlink; print(time.perf_counter() - began)"
    took = min(
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout)
        for _ in range(5)
    )
    assert took < 0.1


def test_objects_stand_where_names_do(tmp_path: Path) -> None:
    options = {"snr_db": [6.0], "overrides": ["records=10", "draws=1"]}
    named = sl.sweep("image-digits", "rayleigh:coherence=symbol", **options)
    given = sl.sweep([sl.load_codec("image-digits")], sl.channel("rayleigh:coherence=symbol"), **options)
    assert named.rows == given.rows
    with pytest.raises(sl.SemlinkError, match="no folder or stored codec"):
        sl.load_codec("image-digit")


def test_rows_are_chosen_and_stored(tmp_path: Path) -> None:
    found = sl.sweep("image-digits", snr_db=[0, 12], overrides=["records=10", "draws=1"])
    assert {row.metric for row in found.filter("psnr")} == {"psnr"}
    assert len(found.filter("psnr", snr_db=12)) == 1
    page = found.report(tmp_path / "kept")
    assert page.is_file()
    assert sl.Results.read(tmp_path / "kept").rows == found.rows
    assert found.plot("psnr").get_axes() is not None
    pandas = pytest.importorskip("pandas")
    assert isinstance(found.to_pandas(), pandas.DataFrame)
