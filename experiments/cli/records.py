"""The command that lists records, and what a request would select of them."""

from pathlib import Path
from typing import Annotated

import typer

from semlink import front_door
from semlink.experiments.cli.options import BUNDLE, DataDir, say


def records(
    what: Annotated[str, typer.Argument(
        metavar="SOURCE|BUNDLE",
        help=f"A source, such as python-docs or text-file:path=FILE; or a stored codec: {BUNDLE}.",
    )],
    request: Annotated[Path | None, typer.Option(
        help="An erasure request, a JSON file: list what it selects, and what it nearly selects. Nothing is erased."
    )] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many ids and owners.")] = 20,
    data_dir: DataDir = None,
) -> None:  # fmt: skip
    """List ids, owners and labels of records, or what an erasure request would select of them."""
    found = front_door.records(what, request, data_dir=data_dir)
    say(found.text(limit), **found.content(limit))
