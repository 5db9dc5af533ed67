"""Recipes in files: those that come with semlink, a user's own, and what the command line changes in them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from semlink.errors import RecipeError
from semlink.experiments.workflow.recipe import Recipe, SweepPlan, checked
from semlink.experiments.workflow.source_places import absolute_in
from semlink.plugins import load_plugins
from semlink.registry import parse
from semlink.untrusted import YAML_MOST, cut, read_text, value_of, yaml_of


def packaged_recipes() -> list[str]:
    """Names of the recipes that come with semlink; those in a folder have its name before theirs."""
    folder = resources.files("semlink.experiments") / "recipes"
    return sorted(_recipes_in(folder, ""))


def _recipes_in(folder: Traversable, before: str) -> Iterator[str]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _recipes_in(item, f"{before}{item.name}/")
        elif item.name.endswith(".yaml"):
            yield before + item.name.removesuffix(".yaml")


def parse_seeds(text: str) -> list[int]:
    """`0,1,2` as numbers. Errors: RecipeError when one is none, or stands there twice."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() and len(part) < 40 for part in parts) or len(set(map(int, parts))) < len(parts):
        raise RecipeError(f'--seeds "{cut(text)}" are no seeds; write different whole numbers such as 0,1,2.')
    return [int(part) for part in parts]


def over_seeds(recipe: Recipe, seeds: Sequence[int]) -> list[Recipe]:
    """The same experiment with each of several seeds, named `NAME-seed-0` and so on; reports draw them together.

    Errors: RecipeError when a seed is none.
    """
    names = [f"{recipe.experiment}-seed-{seed}" if len(seeds) > 1 else recipe.experiment for seed in seeds]
    return [changed(recipe, {"experiment": name, "seed": seed}) for name, seed in zip(names, seeds, strict=True)]


def changed(recipe: Recipe, fields: Mapping[str, Any]) -> Recipe:
    """A recipe with other values of some fields, checked as one from a file is. Errors: RecipeError."""
    return recipe_from({**recipe.model_dump(mode="json"), **fields}, recipe.experiment)


def given_recipe(what: str | Path | Recipe, overrides: Sequence[str]) -> Recipe:
    """A recipe, given as one or by its file or name, with overrides applied. Errors: RecipeError."""
    if not isinstance(what, Recipe):
        return load_recipe(what, overrides)
    content = override(what.model_dump(mode="json"), overrides)
    placed = absolute_in(content, Path())
    return recipe_from(placed, what.experiment) if overrides or placed != content else what


def load_recipe(name: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Reads a recipe from a file, or one that comes with semlink by its name, and applies `key=value` overrides.

    Errors: RecipeError when there is no such recipe, it is not YAML, or a field is unknown or has a wrong value.
    """
    path = Path(name)
    if path.is_file():
        try:
            text = read_text(path, YAML_MOST)
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"The recipe {path} cannot be read as UTF-8 text of at most 128 KiB.") from error
    elif str(name) in packaged_recipes():
        text = (resources.files("semlink.experiments") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        known = ", ".join(packaged_recipes())
        raise RecipeError(f"There is no recipe {cut(name, 200)}; give the path of a YAML file, or one of: {known}.")
    try:
        content = yaml_of(text)
    except ValueError as error:
        raise RecipeError(
            f"The recipe {name} is not valid YAML ({cut(error)}); check its indentation and quotes."
        ) from error
    if not isinstance(content, dict):
        raise RecipeError(f"The recipe {name} must be a mapping of fields such as experiment, source and codec.")
    folder = path.parent if path.is_file() else Path()
    _load_plugins(override(content, overrides).get("plugins", ()), folder, str(name))  # their sources have paths too
    content = absolute_in(override(absolute_in(content, folder), overrides), Path())
    return recipe_from({field: value for field, value in content.items() if field != "plugins"}, str(name))


def _load_plugins(files: object, folder: Path, name: str) -> None:
    """Runs the plug-ins of a recipe that its user named, before the recipe is checked. folder: that of the recipe.

    Recipes inside bundles and run folders, which may be a stranger's, are never read here.
    Errors: RecipeError; PluginError.
    """
    if isinstance(files, str):
        files = [files]
    if not isinstance(files, list | tuple) or not all(isinstance(file, str) and file for file in files):
        raise RecipeError(f'The recipe {name} is wrong at "plugins": give a list of Python files.')
    load_plugins(folder / Path(file).expanduser() for file in files)


def override(content: dict[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """Sets dotted keys: `training.steps=200` in a copy of nested mappings. Errors: RecipeError without `=`."""
    result = dict(content)
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise RecipeError(
                f'"{cut(assignment)}" is not an override; write it as key=value, such as training.steps=200.'
            )
        *parents, last = key.split(".")
        target = result
        for parent in parents:
            inner = target.get(parent)
            if isinstance(inner, str):
                component, fields = parse(inner)
                inner = {"name": component, **fields}
            inner = dict(inner) if isinstance(inner, Mapping) else {}
            target[parent] = inner
            target = inner
        try:
            target[last] = value_of(value)
        except ValueError as error:
            raise RecipeError(
                f'The value in "{cut(assignment)}" cannot be read; write a number, a word or a list.'
            ) from error
    return result


def recipe_from(content: Mapping[str, Any], name: str) -> Recipe:
    """A recipe from plain data. Errors: RecipeError, which names the first field that is wrong."""
    return checked(Recipe, content, name)


def plan_from(
    channels: Sequence[str], snr_db: str | float | Iterable[float], baselines: Sequence[str], overrides: Sequence[str]
) -> SweepPlan:
    """A sweep plan. In: snr_db: Es/N0 in dB, as a range, one number or several. Errors: RecipeError, WrongField."""
    points = list(snr_db) if isinstance(snr_db, Iterable) and not isinstance(snr_db, str) else snr_db
    given = {"channels": list(channels), "snr_db": points, "baselines": list(baselines)}
    return checked(SweepPlan, override(given, overrides), "of the command line")
