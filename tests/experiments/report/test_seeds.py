"""Runs of one experiment with several seeds in one report."""

from dataclasses import replace
from pathlib import Path

import pytest
from scipy import stats

from semlink.errors import RecipeError
from semlink.experiments.report.measurements import measurements_of
from semlink.experiments.report.seeds import first_of_each, study_of
from semlink.experiments.report.seeds import over_seeds as together
from semlink.experiments.workflow.recipe_file import load_recipe, over_seeds, parse_seeds
from semlink.simulator.results import Row, read_rows, write_rows

ROW = Row(
    experiment="demo-seed-0", codec="demo-seed-0", version="original", method="none", channel="awgn", snr_db=6.0,
    set="test", metric="psnr", value=20.0, low=19.0, high=21.0, confidence=0.95, n=300, unit="dB", seed=0,
    code_version="1",
)  # fmt: skip


def seeded(seed: int, value: float, **fields: object) -> Row:
    name = f"demo-seed-{seed}"
    return replace(ROW, experiment=name, codec=name, seed=seed, value=value, **fields)


def test_the_mean_over_seeds_has_students_interval() -> None:
    (row,) = together([seeded(0, 20.0), seeded(1, 21.0), seeded(2, 25.0)])
    half = stats.t.ppf(0.975, 2) * 7**0.5 / 3**0.5  # deviations -2, -1, 3: variance 14 / 2
    assert (row.experiment, row.codec, row.n, row.stopped) == ("demo", "demo", 3, "seeds")
    assert row.value == pytest.approx(22)
    assert (row.low, row.high) == pytest.approx((22 - half, 22 + half))


def test_what_a_seed_lacks_is_left_out() -> None:
    other = seeded(0, 3.0, metric="ssim")
    rows = [seeded(0, 20.0), other, seeded(1, 22.0), seeded(0, 5.0, minus="original"), seeded(1, 7.0, minus="original")]
    assert [(row.metric, row.minus, row.value) for row in together(rows)] == [
        ("psnr", None, 21.0),
        ("psnr", "original", 6.0),
    ]


def test_other_experiments_stay_as_they_are(tmp_path: Path) -> None:
    alone = [replace(ROW, experiment="alone"), replace(ROW, experiment="alone", snr_db=9.0), seeded(4, 1.0)]
    assert together(alone) == alone
    write_rows(tmp_path / "results.jsonl", [*alone[:2], seeded(0, 20.0), seeded(1, 22.0)])
    assert [measured.name for measured in measurements_of(read_rows(tmp_path / "results.jsonl"))] == ["alone", "demo"]


def test_names() -> None:
    assert [study_of(name) for name in ("a-seed-3", "a-seed", "seed-3", "b")] == ["a", "a-seed", "seed-3", "b"]
    assert first_of_each(["b", "a-seed-1", "a-seed-0"]) == {"b": "b", "a": "a-seed-1"}
    recipe = load_recipe("quickstart-digits")
    assert [(one.experiment, one.seed) for one in over_seeds(recipe, parse_seeds("3,1"))] == [
        ("image-digits-seed-3", 3), ("image-digits-seed-1", 1)
    ]  # fmt: skip
    assert [(one.experiment, one.seed) for one in over_seeds(recipe, [5])] == [("image-digits", 5)]
    for text in ("", "1,1", "a", "-1", "1.5"):
        with pytest.raises(RecipeError, match="whole numbers such as 0,1,2"):
            parse_seeds(text)
