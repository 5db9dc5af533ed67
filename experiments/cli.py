"""The command line. A command parses its options, calls one function of the library and says where the results are."""

import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from semlink.errors import SemlinkError

app = typer.Typer(
    name="semlink",
    help="Simulate semantic communication end to end, and make a deployed codec forget.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

BUNDLE = "a folder, or a name from: semlink list bundles"
BUNDLES = "folders, or names from: semlink list bundles"

Out = Annotated[Path, typer.Option(help="Folder for what is made.", show_default=True)]
Sets = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Override a field of the recipe; repeatable.")
]
Seed = Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Seed of all randomness; default: the recipe's.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; default: one for each CPU core.")]
DataDir = Annotated[Path | None, typer.Option(envvar="SEMLINK_DATA", help="Folder of the large data sets.")]
Snr = Annotated[str, typer.Option("--snr", metavar="LOW:HIGH:STEP", help="Es/N0 points in dB.")]
Channels = Annotated[
    list[str], typer.Option("--channel", help="Channel, such as rayleigh:coherence=symbol; repeatable.")
]
Request = Annotated[Path, typer.Option(help="The erasure request, a JSON file.")]


@app.command()
def quickstart(
    out: Out = Path("runs/quickstart"), seed: Seed = None, sets: Sets = [],  # noqa: B006 (typer copies defaults)
    workers: Workers = None, device: Device = "auto",
) -> None:  # fmt: skip
    """Train, erase, retrain, sweep and report on embedded text and images: the whole story in minutes."""
    run(["quickstart-text", "quickstart-digits"], out, seed, sets, workers, device, None)


@app.command()
def run(
    recipes: Annotated[list[str], typer.Argument(help="Recipes: YAML files, or names from: semlink list recipes.")],
    out: Out = Path("runs/run"), seed: Seed = None, sets: Sets = [],  # noqa: B006
    workers: Workers = None, device: Device = "auto", data_dir: DataDir = None,
    seeds: Annotated[str | None, typer.Option(
        help="Several seeds, such as 0,1,2: each recipe runs with each, and the report shows means over them."
    )] = None,
) -> None:  # fmt: skip
    """Carry out whole experiments: train, erase, retrain, sweep, audit, report."""
    from semlink.experiments.report import write_report
    from semlink.experiments.workflow.experiment import run_experiments
    from semlink.experiments.workflow.recipe import load_recipe, over_seeds, parse_seeds
    from semlink.experiments.workflow.versions import Machine, pick_device

    loaded = [load_recipe(name, _with_seed(sets, seed)) for name in recipes]
    if seeds is not None:
        loaded = [one for recipe in loaded for one in over_seeds(recipe, parse_seeds(seeds))]
    machine = Machine(pick_device(device), data_dir)
    run_experiments(loaded, out, machine, workers or _cores(), _command())
    page = write_report(out)
    typer.echo(f"Open {page} in a browser; the numbers are in {out / 'results.jsonl'}.")


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="A recipe: a YAML file, or a name from: semlink list recipes.")],
    out: Annotated[Path | None, typer.Option(
        help="Folder of the bundle; default: one in SEMLINK_HOME (~/.semlink), found by its experiment's name."
    )] = None,
    seed: Seed = None, sets: Sets = [], device: Device = "auto", data_dir: DataDir = None,  # noqa: B006
) -> None:  # fmt: skip
    """Train the codec of a recipe and store it as a bundle."""
    from semlink.experiments.workflow.recipe import load_recipe
    from semlink.experiments.workflow.store import own_shelf
    from semlink.experiments.workflow.versions import Machine, pick_device, train_bundle

    loaded = load_recipe(recipe, _with_seed(sets, seed))
    folder = own_shelf() / loaded.experiment if out is None else out
    train_bundle(loaded, folder, Machine(pick_device(device), data_dir))
    name = loaded.experiment if out is None else out
    typer.echo(f"The codec is in {folder}. Measure it with: semlink sweep {name} --out {name}-sweep")


@app.command()
def sweep(
    bundles: Annotated[list[str], typer.Argument(
        help=f"Codecs to compare: {BUNDLES}; folders that semlink export made of these; "
        "or classical ones such as digital:webp or limit:ngram."
    )],
    out: Out, channel: Channels = ["awgn"], snr: Snr = "0:18:3",  # noqa: B006
    request: Annotated[Path | None, typer.Option(help="Also measure on this request's forget and retain sets.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Other test records, such as kodak; default: those of the codec's own source.")
    ] = None,
    sets: Sets = [], seed: Seed = None, workers: Workers = None, device: Device = "auto", data_dir: DataDir = None,  # noqa: B006
) -> None:  # fmt: skip
    """Measure codecs over a range of Es/N0, all under the same fades and noise."""
    from semlink.experiments.report import write_report
    from semlink.experiments.workflow.bench import sweep_bundles
    from semlink.experiments.workflow.entrants import is_classical
    from semlink.experiments.workflow.recipe import component_from, plan_from
    from semlink.experiments.workflow.store import find_bundle
    from semlink.experiments.workflow.versions import Machine, pick_device
    from semlink.unlearning.request import read_request

    machine = Machine(pick_device(device), data_dir)
    beside = [name for name in bundles if is_classical(name)]
    plan = plan_from(channel, snr, beside, sets)
    asked = read_request(request) if request else None
    folders = [find_bundle(name) for name in bundles if name not in beside]
    other = component_from(source) if source else None
    sweep_bundles(folders, plan, asked, out, machine, seed, workers or _cores(), _command(), other)
    page = write_report(out)
    typer.echo(f"Open {page} in a browser; the numbers are in {out / 'results.jsonl'}.")


@app.command()
def erase(
    bundle: Annotated[str, typer.Argument(help=f"The stored codec: {BUNDLE}.")],
    request: Request, out: Out,
    method: Annotated[str, typer.Option(help="Method, such as scu:forget_weight=0.2; see: semlink list methods.")] = "scu",
    seed: Seed = None, device: Device = "auto", data_dir: DataDir = None,
) -> None:  # fmt: skip
    """Carry out an erasure request: a new bundle beside the old one, with its certificate."""
    from semlink.experiments.workflow.recipe import component_from
    from semlink.experiments.workflow.store import find_bundle
    from semlink.experiments.workflow.versions import Machine, erase_bundle, pick_device
    from semlink.unlearning.request import read_request

    machine = Machine(pick_device(device), data_dir)
    erase_bundle(find_bundle(bundle), read_request(request), component_from(method), out, machine, seed)
    typer.echo(f"The new version is in {out}, its certificate in {out / 'erasure.json'}.")


@app.command()
def audit(
    original: Annotated[str, typer.Argument(help=f"The codec before the erasure: {BUNDLE}.")],
    erased: Annotated[str, typer.Argument(help=f"The codec after it: {BUNDLE}.")],
    retrained: Annotated[str, typer.Argument(help=f"The codec retrained without the data: {BUNDLE}.")],
    request: Request, out: Out,
    audits: Annotated[list[str], typer.Option("--audit", help="See: semlink list audits; repeatable.")] = ["membership"],  # noqa: B006
    snr_db: Annotated[float, typer.Option(help="Es/N0 in dB at which the audits measure.")] = 12.0,
    seed: Seed = None, device: Device = "auto", data_dir: DataDir = None,
) -> None:  # fmt: skip
    """Attack an erased codec, beside the original and the retrained one."""
    from semlink.experiments.workflow.auditing import audit_bundles
    from semlink.experiments.workflow.store import find_bundle
    from semlink.experiments.workflow.versions import Machine, pick_device
    from semlink.unlearning.request import read_request

    machine = Machine(pick_device(device), data_dir)
    before, after, again = (find_bundle(name) for name in (original, erased, retrained))
    audit_bundles(before, after, again, read_request(request), out, audits, snr_db, machine, seed)
    typer.echo(f"The rows are in {out / 'results.jsonl'}. Draw them with: semlink report {out}")


@app.command("export")
def export_command(
    bundle: Annotated[str, typer.Argument(help=f"The stored codec: {BUNDLE}.")],
    out: Out,
    kind: Annotated[str, typer.Option("--format", help="onnx, savedmodel or tflite.")] = "onnx",
    part: Annotated[str, typer.Option(help="encoder, decoder or both.")] = "both",
    size: Annotated[str | None, typer.Option(
        metavar="HEIGHTxWIDTH", help="Of the images; default: as in training."
    )] = None,
) -> None:  # fmt: skip
    """Store the ends of a codec as files that other runtimes read, the channel left out, with a sidecar that explains them."""
    from semlink.experiments.workflow.exports import export_bundle, parse_size
    from semlink.experiments.workflow.store import find_bundle

    export_bundle(find_bundle(bundle), kind, part, out, parse_size(size) if size else None)
    typer.echo(
        f"The export is in {out}, explained in {out / 'export.json'}. Check it with: semlink verify-export {bundle} {out}"
    )


@app.command("verify-export")
def verify_export_command(
    bundle: Annotated[str, typer.Argument(help=f"The stored codec: {BUNDLE}.")],
    export: Annotated[Path, typer.Argument(help="The folder that semlink export made of both its ends.")],
    channel: Annotated[str, typer.Option(help="Channel, such as rayleigh:coherence=symbol.")] = "awgn",
    snr_db: Annotated[float, typer.Option(help="Es/N0 in dB.")] = 12.0,
    records: Annotated[int, typer.Option(min=1, help="At most so many test records.")] = 100,
    seed: Seed = None, data_dir: DataDir = None,
) -> None:  # fmt: skip
    """Run a codec and its export on the same records, fades and noise; fails where their metrics differ."""
    from semlink.experiments.workflow.exports import verify_export
    from semlink.experiments.workflow.store import find_bundle
    from semlink.experiments.workflow.versions import Machine

    machine = Machine("cpu", data_dir)
    typer.echo(verify_export(find_bundle(bundle), export, channel, snr_db, records, seed or 0, machine).text())


@app.command("import")
def import_command(
    kind: Annotated[str, typer.Argument(help="tf-deepsc.")],
    checkpoint: Annotated[Path, typer.Argument(help="Prefix or folder of a TensorFlow 2 checkpoint, or a SavedModel.")],
    out: Out,
    vocabulary: Annotated[Path, typer.Option(help="Its JSON file with token_to_idx.")],
    source: Annotated[str, typer.Option(help="The records it was trained on, such as text-file:path=FILE.")],
    experiment: Annotated[str, typer.Option(help="How results call the codec.")] = "imported-deepsc",
    heads: Annotated[int, typer.Option(min=1, help="Of every attention.")] = 8,
    max_length: Annotated[int, typer.Option(min=1, help="The longest sentence, in words.")] = 30,
    power: Annotated[str, typer.Option(
        help="What it normalised: complex symbols, as the TensorFlow code, or real values, whose labels are 3.01 dB too low."
    )] = "complex",
    positions: Annotated[str, typer.Option(help="column, as the published code, or pair, as the transformer.")] = "column",
    snr_label: Annotated[float | None, typer.Option(help="Its SNR label of training in dB.")] = None,
    sets: Sets = [], data_dir: DataDir = None,  # noqa: B006
) -> None:  # fmt: skip
    """Take in a codec that another program trained, as a bundle that can be swept, erased from and exported."""
    from semlink.experiments.workflow.imports import import_bundle
    from semlink.experiments.workflow.versions import Machine

    machine = Machine("cpu", data_dir)
    found = import_bundle(
        kind, checkpoint, vocabulary, source, out, machine, experiment, sets,
        heads, max_length, power, positions, snr_label, _command(),
    )  # fmt: skip
    typer.echo(
        f"{len(found.used)} tensors used, {len(found.unused)} unused, none missing; its SNR labels are Es/N0 - "
        f"{found.label_offset_db:.2f} dB. The codec is in {out}, every tensor in {out / 'import.json'}."
    )


@app.command("block-errors")
def measure_block_errors(
    out: Out, channel: Channels = ["awgn"],  # noqa: B006
    uses: Annotated[list[int], typer.Option(help="Channel uses of a block; repeatable.")] = [256],  # noqa: B006
    snr: Snr = "-4:20:2",
    target: Annotated[float, typer.Option(help="The block error rate that a choice may have at most.")] = 0.1,
    table: Annotated[Path | None, typer.Option(
        help="Folder of the tables; default: block-errors in SEMLINK_HOME (~/.semlink), where sweeps keep theirs."
    )] = None,
    workers: Workers = None,
) -> None:  # fmt: skip
    """Measure block error rates of the classical chain beforehand, so that sweeps only look them up."""
    from semlink.experiments.report import write_report
    from semlink.experiments.workflow.error_tables import measure_tables
    from semlink.experiments.workflow.recipe import plan_from

    points = plan_from(channel, snr, [], []).snr_db
    measure_tables(channel, uses, points, target, table, out, workers or _cores(), _command())
    typer.echo(f"Open {write_report(out)} in a browser; the numbers are in {out / 'results.jsonl'}.")


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="A folder with results.jsonl.")]) -> None:
    """Draw the report page and the figures of a folder again, from its rows alone."""
    from semlink.experiments.report import write_report

    typer.echo(f"Open {write_report(folder)} in a browser.")


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
    """Runs the command line; user errors end in one sentence and status 2."""
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


def _command() -> str:
    return shlex.join(["semlink", *sys.argv[1:]])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _with_seed(sets: list[str], seed: int | None) -> list[str]:
    return sets if seed is None else [*sets, f"seed={seed}"]
