"""Options that several commands take, and what the commands need of the program that was started."""

import functools
import inspect
import json
import math
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

import typer

from semlink.errors import RecipeError
from semlink.files import leads_nowhere
from semlink.progress import QUIET

BUNDLE = "a folder, or a name from: semlink list bundles"
BUNDLES = "folders, or names from: semlink list bundles"


def completing(*kinds: str) -> Callable[[str], list[str]]:
    """Completes names of entries, for shells that ask for it. kinds: as `semlink list` calls them."""

    def found(incomplete: str) -> list[str]:
        from semlink.experiments.workflow.listing import names

        return [name for kind in kinds for name in names(kind) if name.startswith(incomplete)]

    return found


def stored(given: Any) -> Any:
    """Checks that codecs are there, by folder or name, before anything heavy is loaded. Errors: BundleError."""
    from semlink.experiments.workflow.codec_folders import find_bundle  # here: --help needs none of it

    for name in given if isinstance(given, list | tuple) else [given]:
        find_bundle(name)
    return given


def can_be_a_folder(out: Path | None) -> Path | None:
    if out is not None and leads_nowhere(out):
        raise RecipeError(f"{out} is a link to something that is not there; choose another --out.")
    if out is not None and out.is_file():
        raise RecipeError(f"{out} is a file; choose another --out, a folder.")
    return out


def codec_argument(what: str) -> Any:
    """An argument that names a stored codec. what: which one, as its help says it."""
    return typer.Argument(callback=stored, autocompletion=completing("bundles"), help=what)


Out = Annotated[Path, typer.Option(
    "--out", "-o", help="Folder for what is made.", show_default=True, callback=can_be_a_folder
)]  # fmt: skip
Overrides = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Override a field of the recipe; repeatable.")
]
Seed = Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Seed of all randomness; default: the recipe's.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; default: one for each CPU core.")]
DataDir = Annotated[Path | None, typer.Option(envvar="SEMLINK_DATA", help="Folder of the large data sets.")]
SnrDb = Annotated[str, typer.Option("--snr", "--snr-db", metavar="LOW:HIGH:STEP", help="Es/N0 points in dB.")]
Channels = Annotated[
    list[str],
    typer.Option(
        "--channel",
        autocompletion=completing("channels"),
        help="Channel, such as rayleigh:coherence=symbol; repeatable.",
    ),
]
Records = Annotated[int | None, typer.Option(min=1, help="At most so many records of each set are measured.")]
ShowErased = Annotated[
    bool, typer.Option("--show-erased", help="Show erased records, and what the request says, in the report.")
]
Request = Annotated[Path, typer.Option(help="The erasure request, a JSON file.")]


def _inherited(variable: str) -> Callable[[Path | None], Path | None]:
    """Hands the value of an option on to worker processes."""

    def store(value: Path | None) -> Path | None:
        if value is not None:
            os.environ[variable] = str(value.absolute())
        return value

    return store


RequireSignature = Annotated[Path | None, typer.Option(
    metavar="KEY", envvar="SEMLINK_REQUIRE_SIGNATURE", callback=_inherited("SEMLINK_REQUIRE_SIGNATURE"),
    help="Load only what one of the public keys in this file has signed.",
)]  # fmt: skip
SignKey = Annotated[Path | None, typer.Option(
    metavar="KEY", envvar="SEMLINK_SIGN_KEY", callback=_inherited("SEMLINK_SIGN_KEY"),
    help="Sign what is made with this private key.",
)]  # fmt: skip


def _load(files: list[Path] | None) -> list[Path] | None:
    if files:
        from semlink.plugins import load_plugins

        load_plugins(files)
    return files


Plugins = Annotated[list[Path] | None, typer.Option(
    "--plugin", metavar="FILE", envvar="SEMLINK_PLUGINS", callback=_load,
    help="A Python file that adds channels, codecs, sources, metrics, methods or audits; repeatable.",
)]  # fmt: skip


def _silence(quiet: bool) -> bool:
    if quiet:
        os.environ[QUIET] = "1"
    return quiet


Quiet = Annotated[bool, typer.Option("--quiet", "-q", callback=_silence, help="Show no progress, only the result.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
COMMON: Mapping[str, tuple[Any, object]] = {
    "plugins": (Plugins, None),
    "quiet": (Quiet, False),
    "as_json": (AsJson, False),
}
WANTS_JSON: ContextVar[bool] = ContextVar("WANTS_JSON", default=False)


def with_common_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """A command that takes --plugin, --quiet and --json beside its own options; plug-ins are loaded first."""

    @functools.wraps(function)
    def call(*, plugins: list[Path] | None, quiet: bool, as_json: bool, **options: Any) -> Any:
        token = WANTS_JSON.set(as_json)
        try:
            return function(**options)
        finally:
            WANTS_JSON.reset(token)

    own = inspect.signature(function)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in COMMON.items()
    ]
    call.__signature__ = own.replace(parameters=[*own.parameters.values(), *added])  # type: ignore[attr-defined]
    call.__annotations__ = {**function.__annotations__, **{name: kind for name, (kind, _) in COMMON.items()}}
    return call


def say(sentence: str, **content: Any) -> None:
    """Prints the result of a command: a sentence, or with --json its content as one JSON object in a line."""
    if WANTS_JSON.get():
        typer.echo(json.dumps({name: _plain(value) for name, value in content.items()}, allow_nan=False))
    else:
        typer.echo(sentence)


def _plain(value: Any) -> Any:
    """A value as JSON has it: paths are texts, numbers that are not finite too."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def cores() -> int:
    """How many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def command() -> str:
    """The command as it was typed, but for what says whom a request is about, and of absolute paths all but the last
    name: it stands in files that travel.
    """
    shown, words = ["semlink"], (re.sub(r"(^|[=:,])/([^,/]+/)*(?=[^,/])", r"\1", word) for word in sys.argv[1:])
    for word in words:
        option, equals, value = word.partition("=")
        if option == "--request":
            shown += [f"{option}=FILE"] if equals else [option, "FILE"]
            value = value if equals else next(words, "")
        elif option == "--set" and (value if equals else (value := next(words, ""))).startswith(
            ("erasure=", "erasure.request")
        ):
            shown += [option, f"{value.partition('=')[0]}=..."]
        elif option == "--set":
            shown += [option, value]
        else:
            shown.append(word)
    return shlex.join(shown)


def with_seed(overrides: list[str], seed: int | None) -> list[str]:
    """Overrides of a recipe, the seed among them where one is given."""
    return overrides if seed is None else [*overrides, f"seed={seed}"]
