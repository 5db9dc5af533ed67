"""Commands for those who do not take things on trust: sign, verify, residue, proof."""

from pathlib import Path
from typing import Annotated

import typer

from semlink import front_door
from semlink.errors import RecipeError
from semlink.experiments.cli.options import (
    BUNDLE,
    DataDir,
    Request,
    RequireSignature,
    codec_argument,
    say,
    stored,
)

Signed = Annotated[Path, typer.Argument(help="The folder of a bundle, an export or a run.")]


def sign(
    folder: Annotated[Path | None, typer.Argument(help="The folder of a bundle, an export or a run.")] = None,
    key: Annotated[Path | None, typer.Option(help="Your private key: Ed25519, PEM.")] = None,
    new_key: Annotated[Path | None, typer.Option(
        metavar="PATH", help="Make a private key at PATH, and the public one at PATH.pub."
    )] = None,
) -> None:  # fmt: skip
    """Sign a folder, so that others can check who made it and that nobody changed it; or make the keys for that."""
    if new_key is None and (folder is None or key is None):
        raise RecipeError("Say what to sign and with which key: semlink sign FOLDER --key FILE.")
    if folder is not None and not folder.is_dir():
        raise RecipeError(f"There is no folder {folder}; give a bundle, an export or a run folder.")
    if new_key is not None:
        from semlink.experiments.workflow.signatures import new_key_pair

        public = new_key_pair(new_key)
        say(f"Keep {new_key} to yourself; give {public} to those who verify.", private_key=new_key, public_key=public)
    if folder is not None:
        place = front_door.sign(folder, key or new_key or "")
        sentence = f"The signature is in {place}. Check it with: semlink verify {folder} --key FILE.pub"
        say(sentence, folder=folder, signature=place)


def verify(
    folder: Signed,
    key: Annotated[Path | None, typer.Option(
        help="The public key of the signer, or several in one file: Ed25519, PEM. Without it a stored codec is checked "
        "against its own manifest alone."
    )] = None,
) -> None:  # fmt: skip
    """Check that a folder is what the owner of a key signed."""
    if key is None:
        stored(folder)
    found = front_door.verify(folder, key)
    say(found, folder=folder, found=found)


def residue(
    folders: Annotated[list[Path], typer.Argument(help="All that lies below them: bundles, exports, runs, caches.")],
    request: Request,
    source: Annotated[str | None, typer.Option(
        help="The records among which those of the request are, such as text-file:path=FILE, or a stored codec that "
        "was trained on them: their ids and sentences are looked for too."
    )] = None,
    data_dir: DataDir = None,
) -> None:  # fmt: skip
    """Look for what is left of a request's data in files and their names; ends with status 1 where something is."""
    found = front_door.residue(folders, request, source, data_dir=data_dir)
    say(found.text(), found=[vars(trace) for trace in found.found])
    if found.found:
        raise typer.Exit(1)


def proof(
    bundle: Annotated[str, codec_argument(f"The codec after the erasure: {BUNDLE}.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.html", help="The page to write.")],
    request: Annotated[Path | None, typer.Option(
        help="The request, a JSON file; default: the last one in the bundle's protected files."
    )] = None,
    key: Annotated[Path | None, typer.Option(help="Public key with which the bundle's signature is checked.")] = None,
    require_signature: RequireSignature = None,
) -> None:  # fmt: skip
    """Write one page for the person who asked: what was erased when and how, without anybody's data."""
    front_door.proof(bundle, out, request, key)
    say(f"Open {out} in a browser, and print it there.", page=out)
