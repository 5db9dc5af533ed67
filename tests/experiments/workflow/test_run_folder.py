"""A run folder: every recorded one loads, a run repeats from its folder, and nobody's folder is taken."""

from pathlib import Path

import pytest

from semlink.errors import RecipeError, ResultsError
from semlink.experiments.report.samples import check_samples
from semlink.experiments.workflow.recipe_file import override, recipe_from
from semlink.experiments.workflow.results import Results
from semlink.experiments.workflow.run_folder import RUN, RunFolder
from semlink.experiments.workflow.run_plan import BlockErrorsPlan, ExperimentPlan
from semlink.files import TEMPORARY

RECORDED = sorted(path.parent for path in (Path(__file__).parents[3] / "experiments" / "results").glob("*/run.yaml"))
PLAN = BlockErrorsPlan(channels=("awgn",), uses=(16,), snr_db=(0.0,))


def test_there_are_recorded_runs() -> None:
    folders = {path.parent for path in RECORDED[0].parent.glob("*/results.jsonl")}
    assert len(RECORDED) > 30
    assert folders == set(RECORDED)


@pytest.mark.parametrize("folder", RECORDED, ids=lambda folder: folder.name)
def test_every_recorded_run_loads(folder: Path) -> None:
    """Plan, rows, samples and metadata; every experiment of the rows is one of the plan, but for renamed sweeps."""
    results = Results.read(folder)
    assert results.folder.command.startswith("semlink ")
    assert results.rows
    experiments = {row.experiment for row in results}
    assert set(results.metadata) <= experiments
    if isinstance(results.folder.plan, ExperimentPlan):
        assert experiments == {recipe.experiment for recipe in results.folder.plan.recipes}
        assert all(results.folder.plan_of(experiment) for experiment in experiments)


def test_a_folder_reads_back(tmp_path: Path) -> None:
    recipe = recipe_from({"experiment": "tiny", "source": "digits", "codec": "image:d_model=16"}, "a test")
    for number, plan in enumerate((PLAN, ExperimentPlan(recipes=(recipe,)))):
        made = RunFolder.reserve(tmp_path / str(number), plan, "semlink run x")
        assert RunFolder.open(tmp_path / str(number)) == made


def test_a_run_goes_on_in_its_own_folder_alone(tmp_path: Path) -> None:
    RunFolder.reserve(tmp_path, PLAN, "semlink block-errors")
    other = PLAN.model_copy(update={"target": 0.2})
    RunFolder.reserve(tmp_path, other, "semlink block-errors")  # nothing was made yet
    (tmp_path / "results.jsonl").write_text("")
    RunFolder.reserve(tmp_path, other, "another command")
    with pytest.raises(RecipeError, match="other settings"):
        RunFolder.reserve(tmp_path, PLAN, "semlink block-errors")


def test_a_kill_while_the_plan_was_written_does_not_lock_the_folder(tmp_path: Path) -> None:
    (tmp_path / f"{TEMPORARY}x8k2_abc-{RUN}").write_text("kind: expe")
    assert RunFolder.reserve(tmp_path, PLAN, "semlink block-errors").path == tmp_path


def test_what_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(RecipeError, match="holds no run"):
        RunFolder.reserve(tmp_path, PLAN, "")
    with pytest.raises(RecipeError, match="is a file"):
        RunFolder.reserve(tmp_path / "letter.txt", PLAN, "")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "- 1",
        "kind: [",
        "kind: sweep",
        "kind: dance\nrun: {}",
        "kind: sweep\nrun: {sweep: 3}",
        "kind: sweep\nrun: 7",
    ],
)
def test_a_damaged_plan_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / RUN).write_text(content)
    with pytest.raises((ResultsError, RecipeError)) as caught:
        RunFolder.open(tmp_path)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["samples.json", "metadata.json"])
@pytest.mark.parametrize("content", ["{", "7", '{"a": 1}', "[" * 100_000])
def test_damaged_files_are_one_sentence(tmp_path: Path, name: str, content: str) -> None:
    run = RunFolder.reserve(tmp_path, PLAN, "")
    (tmp_path / name).write_text(content)
    with pytest.raises(ResultsError, match=name):
        run.samples() if name == "samples.json" else run.metadata()


@pytest.mark.parametrize(
    "text", ["[" * 50_000, "device: 2020-13-45", "plugins: 5\nrun: {}", "plugins: {a: b}\nrun: {}"]
)
def test_a_damaged_plan_is_told_in_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / RUN).write_text(text)
    with pytest.raises(ResultsError, match=r"\.$"):
        RunFolder.open(tmp_path)


@pytest.mark.parametrize("assignment", ["seed=" + "9" * 5000, "seed=" + "[" * 50_000])
def test_an_override_that_yaml_cannot_read_is_told(assignment: str) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        override({}, [assignment])


def test_damaged_rows_are_told_in_a_sentence(tmp_path: Path) -> None:
    RunFolder.reserve(tmp_path, PLAN, "semlink block-errors")
    (tmp_path / "results.jsonl").write_text("[" * 200_000)
    with pytest.raises(ResultsError, match="not a result row"):
        Results.read(tmp_path)
    (tmp_path / "results.jsonl").unlink()
    (tmp_path / "results.jsonl").mkdir()
    with pytest.raises(ResultsError, match="not a text file"):
        Results.read(tmp_path)


def test_a_sample_that_was_sent_has_an_snr() -> None:
    sample = {"experiment": "a", "modality": "text", "channel": "awgn", "set": "test", "snr_db": None, "record": "r",
              "reference": "x", "estimates": {"original": "x"}}  # fmt: skip
    with pytest.raises(ResultsError, match="Sample 1"):
        check_samples([sample], "samples.json")
