"""Commands that leave a run folder: quickstart, run, sweep, audit, block-errors; and report, which draws one."""

from pathlib import Path
from typing import Annotated

import typer

from semlink import front_door
from semlink.errors import ResultsError
from semlink.experiments.cli.options import (
    BUNDLE,
    BUNDLES,
    Channels,
    DataDir,
    Device,
    Out,
    Overrides,
    Records,
    Request,
    RequireSignature,
    Seed,
    ShowErased,
    SignKey,
    SnrDb,
    Workers,
    codec_argument,
    command,
    completing,
    cores,
    say,
    with_seed,
)
from semlink.folder_lock import folder_lock

QUICKSTART = ("quickstart-text", "quickstart-digits")


def quickstart(
    out: Out = Path("runs/quickstart"), seed: Seed = None, records: Records = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies them)
    workers: Workers = None, device: Device = "auto", show_erased: ShowErased = False,
) -> None:  # fmt: skip
    """Train, erase, retrain, sweep and report on embedded text and images: the whole story in minutes."""
    with folder_lock(out):
        front_door.run(
            QUICKSTART, out, overrides=_measuring(records, with_seed(overrides, seed)), workers=workers or cores(),
            device=device, show_erased=show_erased, command=command(),
        )  # fmt: skip
        _draw(out, show_erased)


def run(
    recipes: Annotated[list[str], typer.Argument(
        help="Recipes: YAML files, or names from: semlink list recipes. Or the folder of a recorded run, to repeat it."
    )],
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", help="Folder for what is made; default: runs/run, or runs/NAME of a recorded run."
    )] = None,
    seed: Seed = None, records: Records = None, overrides: Overrides = [],  # noqa: B006
    workers: Workers = None, device: Device = "auto", data_dir: DataDir = None,
    seeds: Annotated[str | None, typer.Option(
        help="Several seeds, such as 0,1,2: each recipe runs with each, and the report shows means over them."
    )] = None,
    show_erased: ShowErased = False, require_signature: RequireSignature = None, sign_key: SignKey = None,
) -> None:  # fmt: skip
    """Carry out whole experiments (train, erase, retrain, sweep, audit, report), or repeat a recorded run."""
    from semlink.experiments.workflow.recipe_file import parse_seeds

    recorded = Path(recipes[0]) if Path(recipes[0]).is_dir() else None
    folder = out or Path("runs") / (recorded.resolve().name if recorded else "run")
    with folder_lock(folder):
        front_door.run(
            recipes, folder, overrides=_measuring(records, with_seed(overrides, seed)),
            seeds=() if seeds is None else parse_seeds(seeds), show_erased=show_erased, workers=workers or cores(),
            device=device, data_dir=data_dir, command=command(),
        )  # fmt: skip
        _draw(folder, show_erased)


def sweep(
    bundles: Annotated[list[str], typer.Argument(
        help=f"Codecs to compare: {BUNDLES}; folders that semlink export made of these; "
        "or classical ones such as digital:webp or limit:webp."
    )],
    out: Out, channel: Channels = ["awgn"], snr: SnrDb = "0:18:3",  # noqa: B006
    request: Annotated[Path | None, typer.Option(help="Also measure on this request's forget and retain sets.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Other test records, such as kodak; default: those of the codec's own source.")
    ] = None,
    records: Records = None,
    overrides: Overrides = [], seed: Seed = None, workers: Workers = None, device: Device = "auto",  # noqa: B006
    data_dir: DataDir = None, show_erased: ShowErased = False, require_signature: RequireSignature = None,
) -> None:  # fmt: skip
    """Measure codecs over a range of Es/N0, all under the same fades and noise."""
    with folder_lock(out):
        front_door.sweep(
            bundles, channel, snr, request=request, source=source, out=out, seed=seed,
            overrides=overrides if records is None else [*overrides, f"records={records}"],
            workers=workers or cores(), device=device, data_dir=data_dir, command=command(),
        )  # fmt: skip
        _draw(out, show_erased)


def audit(
    original: Annotated[str, codec_argument(f"The codec before the erasure: {BUNDLE}.")],
    erased: Annotated[str, codec_argument(f"The codec after it: {BUNDLE}.")],
    retrained: Annotated[list[str], codec_argument(
        f"The codec retrained without the data, or several with different seeds: {BUNDLES}."
    )],
    request: Request, out: Out,
    audits: Annotated[list[str], typer.Option(
        "--audit", autocompletion=completing("audits"), help="See: semlink list audits; repeatable."
    )] = ["membership"],  # noqa: B006
    snr_db: Annotated[float, typer.Option("--snr", "--snr-db", help="Es/N0 in dB at which the audits measure.")] = 12.0,
    records: Records = None, seed: Seed = None, device: Device = "auto", data_dir: DataDir = None,
    require_signature: RequireSignature = None,
) -> None:  # fmt: skip
    """Attack an erased codec, beside the original and retrained ones."""
    if records is not None:
        audits = [f"{audit}{',' if ':' in audit else ':'}records={records}" for audit in audits]
    front_door.audit(
        original, erased, retrained, request, out, audits, snr_db, seed=seed, device=device, data_dir=data_dir,
        command=command(),
    )  # fmt: skip
    sentence = f"The rows are in {out / 'results.jsonl'}. Draw them with: semlink report {out}"
    say(sentence, folder=out, rows=out / "results.jsonl")


def block_errors(
    out: Out, channel: Channels = ["awgn"],  # noqa: B006
    uses: Annotated[list[int], typer.Option(help="Channel uses of a block; repeatable.")] = [256],  # noqa: B006
    snr: SnrDb = "-4:20:2",
    target: Annotated[float, typer.Option(help="The block error rate that a choice may have at most.")] = 0.1,
    table: Annotated[Path | None, typer.Option(
        help="Folder of the tables; default: block-errors in SEMLINK_HOME (~/.semlink), where sweeps keep theirs."
    )] = None,
    workers: Workers = None,
) -> None:  # fmt: skip
    """Measure block error rates of the classical chain beforehand, so that sweeps only look them up."""
    with folder_lock(out):
        front_door.block_errors(
            out, channel, uses, snr, target, table=table, workers=workers or cores(), command=command()
        )
        _draw(out)


def report(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="The folder of a run; two with --compare.")],
    compare: Annotated[bool, typer.Option("--compare", help="Draw two runs side by side.")] = False,
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", help="Folder for the page; default: that of the run, or with --compare a new one beside it."
    )] = None,
    show_erased: ShowErased = False,
) -> None:  # fmt: skip
    """Draw the report page and the figures of a run again, from its folder alone; or two runs side by side."""
    if len(folders) != 1 + compare:
        raise ResultsError("Give one run; or two with --compare: semlink report --compare RUN RUN.")
    for folder in folders:
        if not folder.is_dir():
            raise ResultsError(f"There is no folder {folder}; make one with: semlink run, or semlink sweep.")
    page = front_door.report(folders[0], show_erased, folders[1] if compare else None, out)
    say(f"Open {page} in a browser.", folders=folders, report=page)


def _measuring(records: int | None, overrides: list[str]) -> list[str]:
    """Overrides of a recipe, at most so many records of each set in its sweep among them where a number is given."""
    return overrides if records is None else [*overrides, f"sweep.records={records}"]


def _draw(folder: Path, show_erased: bool = False) -> None:
    page = front_door.report(folder, show_erased)
    sentence = f"Open {page} in a browser; the numbers are in {folder / 'results.jsonl'}."
    say(sentence, folder=folder, rows=folder / "results.jsonl", report=page)
