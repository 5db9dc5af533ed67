"""The front door: light to import, every example in it runs, and it does what the command line does."""

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import semlink as sl
from semlink import front_door
from semlink.codecs.wrapped import wrap as wrapping
from semlink.experiments.workflow import results
from semlink.experiments.workflow.recipe_file import load_recipe
from semlink.experiments.workflow.run_plan import ExperimentPlan
from semlink.experiments.workflow.running import plan_for

SEVENS = sl.ErasureRequest.of("label", ["7"], reason="An example.")


def _examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for module in (sl, front_door, results, wrapping) for test in finder.find(module) if test.examples]


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
    assert sl.records(sl.load_codec("image-digits")).counts() == sl.records("image-digits").counts()
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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("workers", 0), ("workers", "2"), ("seed", -1), ("seed", "a"), ("seed", True), ("device", None), ("out", 5),
        ("overrides", "records=5"), ("overrides", [5]), ("request", 5), ("source", 5), ("channel", None),
        ("channel", []), ("data_dir", 5), ("codecs", None), ("snr_db", None), ("snr_db", object()), ("snr_db", True),
        ("snr_db", [None]), ("snr_db", ["a"]), ("snr_db", [True]), ("snr_db", 1000), ("codecs", [5]),
        ("codecs", ["image-digits", None]), ("codecs", object()), ("channel", [5]), ("channel", object()),
        ("channel", [object()]), ("request", object()), ("request", ["a"]), ("out", object()),
    ],
)  # fmt: skip
def test_an_argument_of_a_wrong_type_is_told_in_a_sentence(field: str, value: object) -> None:
    with pytest.raises(sl.SemlinkError, match=r"\.$"):
        sl.sweep(**{"codecs": "image-digits", field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "call",
    [
        lambda: sl.block_errors("o", target="a"), lambda: sl.block_errors("o", target=float("nan")),
        lambda: sl.block_errors("o", ["awgn", 5]), lambda: sl.block_errors("o", snr_db=[1, "a"]),
        lambda: sl.audit("a", "b", "c", SEVENS, "o", snr_db="a"),
        lambda: sl.audit("a", "b", "c", SEVENS, "o", snr_db=[1]),
        lambda: sl.audit("a", "b", "c", SEVENS, "o", snr_db=101.0), lambda: sl.run([object()], "o"),
        lambda: sl.train(object(), "o"), lambda: sl.report(object()), lambda: sl.load_codec(["a"]),
        lambda: sl.channel(["awgn"]), lambda: sl.load_source(object()), lambda: sl.residue([5], SEVENS),
        lambda: sl.records(sl.Recipe(experiment="a", source="digits", codec="image")), lambda: sl.records(["digits"]),
        lambda: sl.erase("image-digits", [SEVENS], "o"), lambda: sl.verify("image-digits", 5),
    ],
)  # fmt: skip
def test_items_and_objects_of_a_wrong_type_are_sentences_too(call, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(sl.SemlinkError, match=r"\.$"):
        call()
    assert not any(tmp_path.iterdir())


def test_numbers_of_numpy_are_numbers() -> None:
    options = {"overrides": ["records=5", "draws=1"]}
    plain = sl.sweep("image-digits", snr_db=[6.0], **options)
    for number in (np.float32(6), np.int64(6), np.array([6.0])):
        assert sl.sweep("image-digits", snr_db=number, **options).rows == plain.rows


def test_a_value_that_no_row_has_is_told() -> None:
    found = sl.sweep("image-digits", snr_db=[0, 12], overrides=["records=5", "draws=1"])
    wrongs = (
        ({"metric": "pnsr"}, "psnr"),
        ({"set": "tset"}, "test"),
        ({"snr_db": 3}, "12.0"),
        ({"codec": "x"}, "image-"),
    )
    for wrong, words in wrongs:
        with pytest.raises(sl.SemlinkError, match=words):
            found.filter(**wrong)
    assert len(found.filter("psnr", snr_db=0, minus="original")) == 0  # each is there, but not together


def test_a_link_to_nothing_is_no_place_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "nothing")
    with pytest.raises(sl.SemlinkError, match="link"):
        sl.sweep("image-digits", snr_db=6, out=tmp_path / "out", overrides=["records=5", "draws=1"])
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("seeds", [["0"], [-1], [-1, -2], [1.5], [2**70], "01", 5])
def test_wrong_seeds_are_told_before_anything_is_made(seeds: object, tmp_path: Path) -> None:
    with pytest.raises(sl.SemlinkError, match=r"\.$"):
        sl.run("quickstart-digits", tmp_path / "out", seeds=seeds)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_overrides_change_recipe_objects_too() -> None:
    recipe = load_recipe("quickstart-digits")
    plan = plan_for([recipe], ["training.steps=7"], (3, 4))
    assert isinstance(plan, ExperimentPlan)
    assert [each.training and each.training.steps for each in plan.recipes] == [7, 7]
    assert [each.experiment for each in plan.recipes] == ["image-digits-seed-3", "image-digits-seed-4"]
    with pytest.raises(sl.SemlinkError, match="nothing to run"):
        plan_for([], (), ())


def test_changing_a_loaded_codec_changes_no_later_sweep() -> None:
    stored = sl.load_codec("image-digits")
    before = sl.sweep(stored, snr_db=[6.0], overrides=["records=5", "draws=1"])
    for parameter in stored.codec.parameters():
        parameter.data.zero_()
    assert sl.sweep("image-digits", snr_db=[6.0], overrides=["records=5", "draws=1"]).rows == before.rows


def test_a_report_of_some_rows_does_not_replace_all_rows(tmp_path: Path) -> None:
    run = sl.sweep("image-digits", snr_db=[0.0, 6.0], out=tmp_path / "run", overrides=["records=5", "draws=1"])
    with pytest.raises(sl.SemlinkError, match="other rows"):
        run.filter("psnr").report(tmp_path / "run")
    assert results.Results.read(tmp_path / "run").rows == run.rows
    assert run.report(tmp_path / "run").is_file()


def test_a_request_names_one_value_or_several() -> None:
    assert sl.ErasureRequest.of("owner", "anna", reason="Asked.").selection.values == ("anna",)
    assert sl.ErasureRequest.of("label", ["1", "7"], reason="Asked.").selection.values == ("1", "7")
    with pytest.raises(sl.SemlinkError, match="empty"):
        sl.ErasureRequest.of("label", [], reason="Asked.")


def test_a_loaded_codec_is_found_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sl.load_codec("image-digits").folder
    (tmp_path / "mine").symlink_to(folder)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    codec = sl.load_codec("mine")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert codec.card["codec"] == "image"


def test_results_in_memory_need_a_folder_for_their_report() -> None:
    found = sl.sweep("image-digits", snr_db=[6], overrides=["records=5", "draws=1"])
    with pytest.raises(sl.SemlinkError, match="give the folder"):
        found.report()
