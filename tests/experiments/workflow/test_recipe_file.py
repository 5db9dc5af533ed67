"""Words of the command line and of recipes mean what they look like."""

from pathlib import Path

import pytest

from semlink.errors import ErasureError, RecipeError, SemlinkError
from semlink.experiments.workflow.component import component_from
from semlink.experiments.workflow.recipe_file import load_recipe, parse_seeds, plan_from
from semlink.simulator.sources import build_source
from semlink.unlearning.request import request_from

WITH_REQUEST = "scu/mnist-trigger"


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("5:20:5", (5.0, 10.0, 15.0, 20.0)),
        ("1:13:3", (1.0, 4.0, 7.0, 10.0, 13.0)),
        ("0:1:0.5", (0.0, 0.5, 1.0)),
        ("10:20", tuple(map(float, range(10, 21)))),
        ("-4:4:2", (-4.0, -2.0, 0.0, 2.0, 4.0)),
        ("12", (12.0,)),
        ("[0, 6]", (0.0, 6.0)),
    ],
)
def test_a_range_is_no_number_of_base_60(text: str, points: tuple[float, ...], tmp_path: Path) -> None:
    if not text.startswith("["):
        assert plan_from(["awgn"], text, [], []).snr_db == points
    assert plan_from(["awgn"], "0", [], [f"snr_db={text}"]).snr_db == points
    (tmp_path / "it.yaml").write_text(f"experiment: it\nsource: digits\ncodec: image\nsweep: {{snr_db: {text}}}\n")
    assert load_recipe(tmp_path / "it.yaml").sweep.snr_db == points


@pytest.mark.parametrize("name", ["notes #1.txt", "2024", "1.50", "007", "NO", "[draft].txt", "t: x.txt", "true"])
def test_the_name_of_a_file_is_taken_as_text(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(1, 4):
        (tmp_path / "notes").write_text("this is another file altogether here\n" * number)
    Path(name).write_text("".join(f"this is sentence number {number} here\n" for number in range(9)))
    component = component_from(f"text-file:path={name}")
    assert build_source(component.name, component.fields, None).train[0].owner == name


def test_a_field_that_is_given_twice_is_an_error() -> None:
    with pytest.raises(SemlinkError, match='the field "csi" twice'):
        component_from("rayleigh:csi=perfect,csi=none")


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("experiment=My Exp", "lower-case letters, digits and hyphens"),
        ("erasure.methods={rate: 0.1}", "erasure.methods"),
        ("erasure.methods=[{rate: 0.1}]", "erasure.methods"),
        ("erasure.methods=3", "erasure.methods"),
        ("a.b=\udcff", "cannot be read"),
        ("seed=" + "9" * 5000, "cannot be read"),
        ("x" * 10**6, "not an override"),
        ("codec.d_model=" + "x" * 10**6, "cannot take d_model"),
        ("codec.d_model=[" + ",".join(["[1]"] * 20_000) + "]", "cannot take d_model"),
    ],
)
def test_values_that_fit_nowhere_are_told_in_a_short_sentence(assignment: str, words: str) -> None:
    with pytest.raises(SemlinkError, match=words) as raised:
        load_recipe(WITH_REQUEST, [assignment])
    assert len(str(raised.value)) < 500
    assert "\n" not in str(raised.value)
    assert "^[" not in str(raised.value)


def test_a_day_that_does_not_exist_is_told() -> None:
    recipe = load_recipe(WITH_REQUEST, ["erasure.request.time=2026-11-31"])
    assert recipe.erasure is not None
    with pytest.raises(ErasureError, match="'2026-11-31': write the time as ISO 8601"):
        request_from(recipe.erasure.request, "the recipe")


def test_aliases_are_refused_in_a_short_sentence(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))
    (tmp_path / "bomb.yaml").write_text(bomb)
    with pytest.raises(RecipeError, match="anchors and aliases") as raised:
        load_recipe(tmp_path / "bomb.yaml")
    assert len(str(raised.value)) < 500


def test_seeds_are_numbers_of_sensible_length() -> None:
    with pytest.raises(RecipeError, match="are no seeds"):
        parse_seeds("9" * 5000)


def test_a_recipe_of_another_system_is_read(tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_bytes(b"\xef\xbb\xbfexperiment: it\rsource: digits\rcodec: image\r")
    assert load_recipe(tmp_path / "it.yaml").experiment == "it"
