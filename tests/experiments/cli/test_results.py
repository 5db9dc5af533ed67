"""How a command hands over its result, and the example in its help."""

import json
import shlex
import subprocess
import sys

import pytest
import typer

from semlink.errors import RecipeError, UnknownName
from semlink.experiments.cli.app import app
from semlink.experiments.workflow.known_names import check_codecs, check_recipe
from semlink.experiments.workflow.run_plan import run_plan_from

MODULE = (sys.executable, "-m", "semlink")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_a_list_as_json(semlink) -> None:
    ended = semlink("list", "channels", "--json")
    assert (ended.status, ended.err) == (0, "")
    assert "rayleigh" in json.loads(ended.out)["channels"]


def test_a_reader_that_leaves_early_meets_no_traceback() -> None:
    with subprocess.Popen([*MODULE, "list", "all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert said == b""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_an_example_of_options_that_are_there(name: str) -> None:
    command = COMMANDS[name]
    program, called, *words = shlex.split(command.epilog.removeprefix("Example: "))
    assert (program, called) == ("semlink", name)
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize("kind", ["sweeps", 3, None])
def test_a_wrong_kind_of_run_is_told_by_its_place(kind: object) -> None:
    with pytest.raises(RecipeError, match='at "kind"'):
        run_plan_from({"kind": kind}, "run.yaml")


def test_a_bound_takes_a_model_of_language_and_no_compressor() -> None:
    check_codecs(["bound:transformer", "bound", "limit:ngram"])
    with pytest.raises(UnknownName, match='no compressor "transformer"'):
        check_codecs(["limit:transformer"])


def test_codecs_that_only_an_import_makes_are_known() -> None:
    check_recipe({"source": "digits", "codec": {"name": "onnx"}})
