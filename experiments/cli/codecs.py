"""Commands that make or take in stored codecs: train, erase, share, export, verify-export, import."""

from pathlib import Path
from typing import Annotated

import typer

from semlink import front_door
from semlink.errors import RecipeError
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
    can_be_a_folder,
    codec_argument,
    command,
    completing,
    say,
    with_seed,
)


def train(
    recipe: Annotated[str, typer.Argument(
        autocompletion=completing("recipes"), help="A recipe: a YAML file, or a name from: semlink list recipes."
    )],
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", callback=can_be_a_folder,
        help="Folder of the bundle; default: one in SEMLINK_HOME (~/.semlink), found by its experiment's name.",
    )] = None,
    seed: Seed = None, overrides: Overrides = [],  # noqa: B006 (typer copies defaults)
    device: Device = "auto", data_dir: DataDir = None,
    require_signature: RequireSignature = None, sign_key: SignKey = None,
) -> None:  # fmt: skip
    """Train the codec of a recipe and store it as a bundle."""
    trained = front_door.train(recipe, out, overrides=with_seed(overrides, seed), device=device, data_dir=data_dir)
    name = trained.folder.name if out is None else out
    sentence = f"The codec is in {trained.folder}. Measure it with: semlink sweep {name} --out {name}-sweep"
    say(sentence, bundle=trained.folder, digest=trained.digest(), validation_loss=trained.card.get("validation_loss"))


def erase(
    bundle: Annotated[str, codec_argument(f"The stored codec: {BUNDLE}.")],
    request: Request, out: Out,
    method: Annotated[str, typer.Option(
        autocompletion=completing("methods"), help="Method, such as scu:forget_weight=0.2; see: semlink list methods."
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
    sentence = f"The new version is in {out}, its certificate in {out / 'erasure.json'}.{count}"
    say(sentence, bundle=out, digest=erased.digest(), certificate=erased.certificate)


def share(
    folder: Annotated[str, codec_argument(f"A stored codec ({BUNDLE}), or the folder of a run.")],
    out: Out,
) -> None:  # fmt: skip
    """Copy a stored codec or a run for others, without the files that are for the owner of the data alone."""
    from semlink.experiments.workflow import sharing
    from semlink.experiments.workflow.codec_folders import find_bundle

    left_out = list(sharing.share(find_bundle(folder), out))
    say(f"The copy is in {out}; left out: {', '.join(left_out) or 'nothing'}.", folder=out, left_out=left_out)


def export(
    bundle: Annotated[str, codec_argument(f"The stored codec: {BUNDLE}.")],
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
    sentence = f"The export is in {out}, explained in {out / 'export.json'}. Check it with: {check}"
    say(sentence, folder=out, sidecar=out / "export.json")


def verify_export(
    bundle: Annotated[str, codec_argument(f"The stored codec: {BUNDLE}.")],
    export: Annotated[Path, typer.Argument(help="The folder that semlink export made of both its ends.")],
    channel: Annotated[str, typer.Option(help="Channel, such as rayleigh:coherence=symbol.")] = "awgn",
    snr_db: Annotated[float, typer.Option("--snr", "--snr-db", help="Es/N0 in dB.")] = 12.0,
    records: Annotated[int, typer.Option(min=1, help="At most so many test records.")] = 100,
    seed: Seed = None, data_dir: DataDir = None, require_signature: RequireSignature = None,
) -> None:  # fmt: skip
    """Run a codec and its export on the same records, fades and noise; fails where their metrics differ."""
    from semlink.experiments.workflow import exports
    from semlink.experiments.workflow.machine import Machine

    machine = Machine("cpu", data_dir)
    compared = exports.verify_export(bundle, export, channel, snr_db, records, seed or 0, machine).text()
    say(compared, found=compared)


def import_codec(
    kind: Annotated[str, typer.Argument(help="tf-deepsc, deepjscc-pytorch or onnx.")],
    out: Out,
    source: Annotated[str, typer.Option(help="The records it was trained on, such as text-file:path=FILE.")],
    checkpoint: Annotated[Path | None, typer.Argument(
        help="Prefix or folder of a TensorFlow 2 checkpoint, or a SavedModel; the file of torch.save; for onnx none."
    )] = None,
    encoder: Annotated[Path | None, typer.Option(help="onnx: file of the sender.")] = None,
    decoder: Annotated[Path | None, typer.Option(help="onnx: file of the receiver.")] = None,
    pixels: Annotated[str | None, typer.Option(help="onnx: 0..1, 0..255 or -1..1; default: 0..1.")] = None,
    layout: Annotated[str | None, typer.Option(help="onnx: of images, nchw or nhwc; default: nchw.")] = None,
    pairing: Annotated[str | None, typer.Option(
        help="onnx: which real values make a symbol: pairs (2i and 2i + 1) or halves (i and i + n / 2); default: pairs."
    )] = None,
    noise: Annotated[str | None, typer.Option(
        help="onnx: what a further input of the receiver takes: variance or snr-db; default: variance."
    )] = None,
    vocabulary: Annotated[Path | None, typer.Option(help="tf-deepsc: its JSON file with token_to_idx.")] = None,
    experiment: Annotated[str | None, typer.Option(help="How results call the codec; default: imported-KIND.")] = None,
    heads: Annotated[int | None, typer.Option(min=1, help="tf-deepsc: of every attention; default: 8.")] = None,
    max_length: Annotated[int | None, typer.Option(
        min=1, help="tf-deepsc: the longest sentence, in words; default: 30."
    )] = None,
    power: Annotated[str | None, typer.Option(
        help="tf-deepsc, onnx: what it normalised: complex symbols, or real values, whose labels are 3.01 dB too low; "
        "default: complex."
    )] = None,
    positions: Annotated[str | None, typer.Option(
        help="tf-deepsc: column, as the published code (default), or pair, as the transformer."
    )] = None,
    snr_label: Annotated[float | None, typer.Option(help="Its SNR label of training in dB.")] = None,
    after: Annotated[str | None, typer.Option(
        metavar="BUNDLE", help="The import that it is a later version of: others carried out --request on that one."
    )] = None,
    request: Annotated[Path | None, typer.Option(help="With --after: that request, a JSON file.")] = None,
    version: Annotated[str, typer.Option(help="With --after: erased or retrained.")] = "erased",
    method: Annotated[str, typer.Option(help="With --after: how results call the way it was done.")] = "elsewhere",
    overrides: Overrides = [], data_dir: DataDir = None,  # noqa: B006
) -> None:  # fmt: skip
    """Take in a codec that another program trained, as a bundle that can be swept and, but for onnx, erased from."""
    from semlink.experiments.workflow.imports import ForeignErasure, import_bundle
    from semlink.experiments.workflow.machine import Machine
    from semlink.unlearning.request import read_request

    given = {
        "checkpoint": checkpoint, "encoder": encoder, "decoder": decoder, "pixels": pixels, "layout": layout,
        "pairing": pairing, "noise": noise, "vocabulary": vocabulary, "heads": heads, "max_length": max_length,
        "power": power, "positions": positions,
    }  # fmt: skip
    options = {name: value for name, value in given.items() if value is not None}
    if (after is None) != (request is None):
        raise RecipeError("--after and --request belong together; give both, or neither.")
    erasure = (
        None if after is None or request is None else ForeignErasure(after, read_request(request), version, method)
    )
    imported = import_bundle(
        kind, options, source, out, Machine("cpu", data_dir), experiment or f"imported-{kind}", overrides, snr_label,
        command(), erasure,
    )  # fmt: skip
    say(
        f"{len(imported.used)} tensors or files used, {len(imported.unused)} unused, none missing; its SNR labels are "
        f"Es/N0 - {imported.label_offset_db:.2f} dB. The codec is in {out}, all of them in {out / 'import.json'}.",
        bundle=out, label_offset_db=imported.label_offset_db,
    )  # fmt: skip
