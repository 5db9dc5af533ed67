"""The program `semlink`: its commands, and how it ends. User errors end in one sentence and status 2."""

import signal
import sys
from typing import Annotated, Any, NoReturn

import typer

from semlink.errors import SemlinkError
from semlink.experiments.cli import codecs, records, runs
from semlink.version import __version__

app = typer.Typer(
    name="semlink",
    help="Simulate semantic communication end to end, and make a deployed codec forget.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"semlink {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Simulate semantic communication end to end, and make a deployed codec forget."""


app.command()(runs.quickstart)
app.command()(runs.run)
app.command()(codecs.train)
app.command()(runs.sweep)
app.command()(codecs.erase)
app.command()(runs.audit)
app.command()(codecs.export)
app.command("verify-export")(codecs.verify_export)
app.command("import")(codecs.import_codec)
app.command("block-errors")(runs.block_errors)
app.command()(runs.report)
app.command()(records.records)


@app.command("list")
def list_entries(
    kind: Annotated[
        str,
        typer.Argument(
            help="channels, codecs, classical, compressors, sources, metrics, methods, audits, recipes, bundles or all."
        ),
    ] = "all",
) -> None:
    """List what is registered, with its fields."""
    from semlink.experiments.workflow.listing import listing

    typer.echo(listing(kind))


# What typer raises for a misspelt option or a missing argument; some releases bring a click of their own.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


class _Stopped(BaseException):
    """The user interrupted. Not an Exception, so that no library takes it for an error of its own."""


def main() -> NoReturn:
    """Runs the command line."""
    signal.signal(signal.SIGINT, _stop)
    try:
        app(sys.argv[1:] or ["--help"], prog_name="semlink", standalone_mode=False)
    except UsageError as error:
        _fail(f"Error: {_usage(error)}", 2)
    except SemlinkError as error:
        _fail(f"Error: {error}", 2)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        _fail(f"Error: {error.strerror or error}{place}; make room or choose another place, then run again.", 2)
    except _Stopped:
        _fail("Stopped. Run the same command again to go on.", 130)
    sys.exit(0)


def _stop(*_: object) -> NoReturn:
    raise _Stopped


def _fail(sentence: str, status: int) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(status)


def _usage(error: Any) -> str:
    """A mistake in the command itself, in one sentence with the way to the help of that command."""
    message = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.command_path if error.ctx else "semlink"
    return f"{message}; see: {command} --help."
