"""Recipes say what is wrong with them, and overrides reach every field."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from semlink.codecs.building import new_codec
from semlink.errors import RecipeError, SemlinkError
from semlink.experiments.workflow.recipe_file import load_recipe, override, packaged_recipes, plan_from, recipe_from
from semlink.experiments.workflow.snr_range import parse_range

SMALL = {"experiment": "tiny", "source": "digits", "codec": "image:d_model=16"}


@pytest.mark.parametrize("name", packaged_recipes())
def test_packaged_recipes_load(name: str) -> None:
    assert load_recipe(name).experiment


@pytest.mark.parametrize(("ratio", "uses"), [("0.08333333", 256), ("0.16666667", 512)])
@pytest.mark.parametrize("name", ["image-cifar10", "image-cifar10-deepjscc"])
def test_ratios_of_the_cifar_recipes_are_met_exactly(name: str, ratio: str, uses: int) -> None:
    codec = load_recipe(name, [f"codec.bandwidth_ratio={ratio}"]).codec
    made = new_codec(codec.name, codec.fields, [np.zeros((32, 32, 3), dtype=np.uint8)], seed=0)
    assert made.config.uses == uses


def test_resolved_recipe_reads_back(tmp_path: Path) -> None:
    recipe = recipe_from(SMALL, "small")
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe.text())
    assert load_recipe(path) == recipe


def test_overrides_reach_nested_fields(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe_from(SMALL, "small").text())
    recipe = load_recipe(path, ["training.steps=7", "codec.d_model=32", "sweep.snr_db=0:6:3", "seed=4"])
    assert (recipe.training.steps, recipe.codec.fields["d_model"], recipe.seed) == (7, 32, 4)
    assert recipe.sweep.snr_db == (0.0, 3.0, 6.0)


def test_override_of_the_one_line_form() -> None:
    assert override(SMALL, ["codec.layers=1"])["codec"] == {"name": "image", "d_model": 16, "layers": 1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"trainning": {}}, "trainning"),
        ({"training": {"stepz": 3}}, "stepz"),
        ({"training": {"steps": "many"}}, "training.steps"),
        ({"training": {"steps": 0}}, "at least 1"),
        ({"training": {"snr_db": float("nan")}}, "snr_db"),
        ({"experiment": "No Spaces"}, "experiment"),
        ({"seed": -1}, "seed"),
        ({"sweep": {"snr_db": "a:b"}}, "0:18:3"),
        ({"sweep": {"channels": ["awgm"]}}, "awgn"),
        ({"channel": "rayleigh:coherance=block"}, "coherence"),
        ({"source": 3}, "source"),
        ({"erasure": {"request": {}, "method": "retrain"}}, "choose another method"),
    ],
)
def test_wrong_fields_are_named(change: dict[str, object], words: str) -> None:
    with pytest.raises(SemlinkError, match=words):
        recipe_from({**SMALL, **change}, "small")


def test_files_that_are_no_recipe(tmp_path: Path) -> None:
    for name, content in (("list.yaml", b"- a"), ("broken.yaml", b"a: [1"), ("binary.yaml", b"\xff\xfe\x00")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RecipeError):
            load_recipe(tmp_path / name)
    with pytest.raises(RecipeError, match="quickstart-text"):
        load_recipe("quickstart-txt")


@given(st.integers(-20, 20), st.integers(0, 30), st.sampled_from([0.5, 1.0, 3.0]))
def test_ranges(low: int, count: int, step: float) -> None:
    points = parse_range(f"{low}:{low + count * step}:{step}")
    assert isinstance(points, tuple)
    assert points == tuple(low + index * step for index in range(count + 1))


@pytest.mark.parametrize("text", ["", "0:18:0", "a", "0:1:2:3", "18:0:3", "0:1e9:1", "nan:1:1"])
def test_no_ranges(text: str) -> None:
    with pytest.raises(SemlinkError):
        plan_from(["awgn"], text, [], [])


def methods_of(*overrides: str) -> list[tuple[str, str]]:
    plan = load_recipe("scu/mnist-trigger", overrides).erasure
    assert plan is not None
    return [(method.label, method.name) for method in plan.methods]


def test_several_methods_and_their_names() -> None:
    """`method` and `methods` say the same, one or several; what is written is read back."""
    assert methods_of("erasure.methods=finetune") == [("finetune", "finetune")]
    assert methods_of("erasure.methods=[scu, {name: scu, as: other, passes: 2}]") == [("scu", "scu"), ("other", "scu")]
    recipe = load_recipe("quickstart-text", ["erasure.method=[finetune, scu-bounded]"])
    assert recipe_from(yaml.safe_load(recipe.text()), "again") == recipe


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ("[scu, {name: scu, passes: 2}]", '"scu" can name only one version; name this one with as: NAME'),
        ("[{name: scu, as: retrained}]", '"retrained" can name only one'),
        ("[{name: scu, as: a/b}]", "lower-case letters, digits and hyphens"),
        ("[scu, retrain]", "retrains as its reference anyway"),
        ("[]", "at least 1"),
    ],
)
def test_methods_that_cannot_be_told_apart_are_refused(methods: str, words: str) -> None:
    with pytest.raises(SemlinkError, match=words):
        methods_of(f"erasure.methods={methods}")


def test_method_beside_methods_is_refused() -> None:
    with pytest.raises(RecipeError, match="give one of them"):
        methods_of("erasure.method=scu")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training": None}, "name one under start"),
        ({"start": "image", "erasure": {"request": {"id": "a"}}}, "erase from that other one"),
        ({"sweep": {"baselines": ["digital:bmp"]}}, "compressor"),
        ({"sweep": {"baselines": ["analogue:webp"]}}, "classical codec"),
    ],
)
def test_what_a_recipe_starts_from_and_stands_beside(changes: dict[str, Any], words: str) -> None:
    content = {"experiment": "a", "source": "digits", "codec": "image", **changes}
    with pytest.raises(SemlinkError, match=words):
        recipe_from(content, "a")


def test_a_recipe_without_training_takes_the_stored_codec_as_it_is() -> None:
    recipe = recipe_from({"experiment": "a", "source": "digits", "codec": "image", "start": "x", "training": None}, "a")
    assert (recipe.training, recipe.start) == (None, "x")
    assert recipe_from(yaml.safe_load(recipe.text()), "a") == recipe
