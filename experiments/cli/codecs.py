"""Commands that make or take in stored codecs: train, erase, share, export, verify-export, import."""

from pathlib import Path
from typing import Annotated

import typer

from semlink import front_door
from semlink.experiments.cli.options import (
    BUNDLE,
    DataDir,
    Device,
    Out,
    Overrides,
    Request,
    RequireSignature,
    Seed,
    SignKey,
    command,
    with_seed,
)


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe: a YAML file, or a name from: semlink list recipes.")],
    out: Annotated[Path | None, typer.Option(
        help="Folder of the bundle; default: one in SEMLINK_HOME (~/.semlink), found by its experiment's name."
    )] = None,
    seed: Seed = None, overrides: Overrides = [],  # noqa: B006 (typer copies defaults)
    device: Device = "auto", data_dir: DataDir = None,
    require_signature: RequireSignature = None, sign_key: SignKey = None,
) -> None:  # fmt: skip
    """Train the codec of a recipe and store it as a bundle."""
    trained = front_door.train(recipe, out, overrides=with_seed(overrides, seed), device=device, data_dir=data_dir)
    name = trained.folder.name if out is None else out
    typer.echo(f"The codec is in {trained.folder}. Measure it with: semlink sweep {name} --out {name}-sweep")


def erase(
    bundle: Annotated[str, typer.Argument(help=f"The stored codec: {BUNDLE}.")],
    request: Request, out: Out,
    method: Annotated[str, typer.Option(
        help="Method, such as scu:forget_weight=0.2; see: semlink list methods."
    )] = "scu",
    vocabulary: Annotated[str, typer.Option(
        help="Words that only erased records hold: replace, keep, or auto: replace where the request names words."
    )] = "auto",
    seed: Seed = None, device: Device = "auto", data_dir: DataDir = None,
    require_signature: RequireSignature = None, sign_key: SignKey = None,
) -> None:  # fmt: skip
    """Carry out an erasure request: a new bundle beside the old one, with its certificate."""
    erased = front_door.erase(
        bundle, request, out, method, vocabulary=vocabulary, seed=seed, device=device, data_dir=data_dir
    )
    counted = erased.certificate["forgotten_records"]
    count = "" if counted is None else f" {counted} records of the training are erased."
    typer.echo(f"The new version is in {out}, its certificate in {out / 'erasure.json'}.{count}")


def share(
    folder: Annotated[str, typer.Argument(help=f"A stored codec ({BUNDLE}), or the folder of a run.")], out: Out
) -> None:  # fmt: skip
    """Copy a stored codec or a run for others, without the files that are for the owner of the data alone."""
    from semlink.experiments.workflow import sharing
    from semlink.experiments.workflow.store import find_bundle

    left_out = ", ".join(sharing.share(find_bundle(folder), out)) or "nothing"
    typer.echo(f"The copy is in {out}; left out: {left_out}.")


def export(
    bundle: Annotated[str, typer.Argument(help=f"The stored codec: {BUNDLE}.")],
    out: Out,
    kind: Annotated[str, typer.Option("--format", help="onnx, savedmodel or tflite.")] = "onnx",
    part: Annotated[str, typer.Option(help="encoder, decoder or both.")] = "both",
    size: Annotated[str | None, typer.Option(
        metavar="HEIGHTxWIDTH", help="Of the images; default: as in training."
    )] = None,
    require_signature: RequireSignature = None,
) -> None:  # fmt: skip
    """Store sender and receiver of a codec as files for other runtimes, with a sidecar that explains them."""
    from semlink.experiments.workflow.exports import export_bundle, parse_size

    export_bundle(bundle, kind, part, out, parse_size(size) if size else None)
    check = f"semlink verify-export {bundle} {out}"
    typer.echo(f"The export is in {out}, explained in {out / 'export.json'}. Check it with: {check}")


def verify_export(
    bundle: Annotated[str, typer.Argument(help=f"The stored codec: {BUNDLE}.")],
    export: Annotated[Path, typer.Argument(help="The folder that semlink export made of both its ends.")],
    channel: Annotated[str, typer.Option(help="Channel, such as rayleigh:coherence=symbol.")] = "awgn",
    snr_db: Annotated[float, typer.Option("--snr-db", "--snr", help="Es/N0 in dB.")] = 12.0,
    records: Annotated[int, typer.Option(min=1, help="At most so many test records.")] = 100,
    seed: Seed = None, data_dir: DataDir = None, require_signature: RequireSignature = None,
) -> None:  # fmt: skip
    """Run a codec and its export on the same records, fades and noise; fails where their metrics differ."""
    from semlink.experiments.workflow import exports
    from semlink.experiments.workflow.machine import Machine

    machine = Machine("cpu", data_dir)
    typer.echo(exports.verify_export(bundle, export, channel, snr_db, records, seed or 0, machine).text())


def import_codec(
    kind: Annotated[str, typer.Argument(help="tf-deepsc.")],
    checkpoint: Annotated[Path, typer.Argument(help="Prefix or folder of a TensorFlow 2 checkpoint, or a SavedModel.")],
    out: Out,
    vocabulary: Annotated[Path, typer.Option(help="Its JSON file with token_to_idx.")],
    source: Annotated[str, typer.Option(help="The records it was trained on, such as text-file:path=FILE.")],
    experiment: Annotated[str, typer.Option(help="How results call the codec.")] = "imported-deepsc",
    heads: Annotated[int, typer.Option(min=1, help="Of every attention.")] = 8,
    max_length: Annotated[int, typer.Option(min=1, help="The longest sentence, in words.")] = 30,
    power: Annotated[str, typer.Option(
        help="What it normalised: complex symbols, as the TensorFlow code, or real values, whose labels are 3.01 dB "
        "too low."
    )] = "complex",
    positions: Annotated[str, typer.Option(
        help="column, as the published code, or pair, as the transformer."
    )] = "column",
    snr_label: Annotated[float | None, typer.Option(help="Its SNR label of training in dB.")] = None,
    overrides: Overrides = [], data_dir: DataDir = None,  # noqa: B006
) -> None:  # fmt: skip
    """Take in a codec that another program trained, as a bundle that can be swept, erased from and exported."""
    from semlink.experiments.workflow.imports import import_bundle
    from semlink.experiments.workflow.machine import Machine

    imported = import_bundle(
        kind, checkpoint, vocabulary, source, out, Machine("cpu", data_dir), experiment, overrides,
        heads, max_length, power, positions, snr_label, command(),
    )  # fmt: skip
    typer.echo(
        f"{len(imported.used)} tensors used, {len(imported.unused)} unused, none missing; its SNR labels are Es/N0 - "
        f"{imported.label_offset_db:.2f} dB. The codec is in {out}, every tensor in {out / 'import.json'}."
    )
