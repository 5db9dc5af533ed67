"""The program `semlink`: its commands, and how it ends. User errors end in one sentence and status 2."""

import difflib
import os
import signal
import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Annotated, Any, NoReturn

import typer

from semlink.errors import SemlinkError
from semlink.experiments.cli import codecs, records, runs, trust
from semlink.experiments.cli.options import say, with_common_options
from semlink.progress import tell
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


NAMES = {codecs.import_codec: "import"}  # a word of Python
EXAMPLES: dict[Callable[..., None], str] = {  # of each command, in the order of the help
    runs.quickstart: "quickstart --out runs/demo",
    runs.run: "run quickstart-text --out runs/text --seeds 0,1,2",
    codecs.train: "train quickstart-digits --out digits",
    runs.sweep: "sweep image-digits digital:webp --channel rayleigh --snr 0:18:3 --out runs/digits",
    codecs.erase: "erase image-digits --request request.json --method scu --out erased",
    runs.audit: "audit image-digits erased retrained --request request.json --audit relearn --out runs/audit",
    codecs.share: "share erased --out for-others",
    codecs.export: "export image-digits --format onnx --out exported",
    codecs.verify_export: "verify-export image-digits exported --snr 12",
    codecs.import_codec: "import deepjscc-pytorch weights.pkl --source cifar10 --out taken-in",
    runs.block_errors: "block-errors --channel awgn --uses 256 --snr 0:12:2 --out runs/blocks",
    runs.report: "report --compare runs/a runs/b",
    trust.sign: "sign erased --new-key my.key",
    trust.verify: "verify erased --key my.key.pub",
    trust.residue: "residue erased runs --request request.json",
    trust.proof: "proof erased --out proof.html",
    records.records: "records python-docs --limit 5",
}
for command, example in EXAMPLES.items():
    name = NAMES.get(command, command.__name__.replace("_", "-"))
    app.command(name, epilog=f"Example: semlink {example}")(command)


@app.command("list", epilog="Example: semlink list channels")
def list_entries(
    kind: Annotated[
        str,
        typer.Argument(
            help="channels, codecs, classical, compressors, sources, metrics, methods, audits, recipes, bundles or all."
        ),
    ] = "all",
) -> None:
    """List what is registered, with its fields."""
    from semlink.experiments.workflow.listing import KINDS, listing, names

    text = listing(kind)  # which knows the kinds, and says which there are
    say(text, **{each: names(each) for each in (KINDS if kind == "all" else (kind,))})


for registered in app.registered_commands:
    assert registered.callback is not None
    registered.callback = with_common_options(registered.callback)

RENAMED = {"--snr-db": "--snr"}  # options with another name than before

# What typer raises for a misspelt option or a missing argument; some releases bring a click of their own.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


class _Stopped(BaseException):
    """A signal asked the program to end. Not an Exception, so that no library takes it for an error of its own."""

    def __init__(self, number: int) -> None:
        self.number = number


def main() -> NoReturn:
    """Runs the command line."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # SIGHUP is not on Windows
        if number is not None and (name == "SIGINT" or signal.getsignal(number) != signal.SIG_IGN):  # nohup ignores it
            signal.signal(number, _stop)
    for name in ("stdout", "stderr"):  # one that was closed before the start is no file at all
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (it stays open until the end)
    for stream in (sys.stdout, sys.stderr):  # a letter that the terminal does not know must not end a command
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    status: object = 0
    try:
        status = app(sys.argv[1:] or ["--help"], prog_name="semlink", standalone_mode=False)
    except UsageError as error:
        _fail(f"Error: {_usage(error)}", 2)
    except SemlinkError as error:
        _fail(f"Error: {error}", 2)
    except BrokenPipeError:  # whoever read the output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        _fail(f"Error: {error.strerror or error}{place}; make room or choose another place, then run again.", 2)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        _fail("Error: There is not enough memory; give smaller values, fewer --workers or a smaller file.", 2)
    except _Stopped as stopped:
        _fail("Stopped. Run the same command again to go on.", 128 + stopped.number)
    for old, new in RENAMED.items():
        if any(word.split("=")[0] == old for word in sys.argv[1:]):
            tell(f"The option {old} is called {new} now; both work.")
    sys.exit(status if isinstance(status, int) else 0)  # that of typer.Exit, where a command left early


def _stop(number: int, _: object) -> NoReturn:
    raise _Stopped(number)


def _out_of_memory(error: Exception) -> bool:
    """Whether this, or what it came of, is memory that could not be had; torch says so in words."""
    seen: BaseException | None = error
    while seen is not None:
        text = str(seen)
        words = ("can't allocate memory", "DefaultCPUAllocator", "out of memory", "not enough memory")
        if isinstance(seen, MemoryError) or (isinstance(seen, RuntimeError) and any(word in text for word in words)):
            return True
        seen = seen.__cause__
    return False


def _fail(sentence: str, status: int) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(status)


def _usage(error: Any) -> str:
    """A mistake in the command itself, in one sentence with the way to the help of that command."""
    message = " ".join(error.format_message().split()).rstrip(".")
    if message.startswith("No such command") and "Did you mean" not in message:
        wrong = message.split("'")[1] if "'" in message else ""
        known = [
            registered.name or registered.callback.__name__
            for registered in app.registered_commands
            if registered.callback
        ]
        message += "".join(f'. Did you mean "{near}"?' for near in difflib.get_close_matches(wrong, known, n=1))
    command = error.ctx.command_path if error.ctx else "semlink"
    return f"{message}; see: {command} --help."
