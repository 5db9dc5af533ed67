"""semlink: simulate semantic communication end to end, and make a deployed codec forget.

>>> import semlink as sl
>>> results = sl.sweep(["image-digits", "digital:jpeg"], channel="awgn", snr_db=[6, 18], overrides=["records=20"])
>>> results.filter("psnr", snr_db=18).rows[0].codec
'image-digits'

The parts, each its own folder: `semlink.channels`, `semlink.codecs`, `semlink.simulator`, `semlink.unlearning`,
`semlink.experiments`. Importing `semlink` loads none of them; a name below is loaded when it is first used.
"""

import importlib
from typing import TYPE_CHECKING

from semlink.version import __version__

if TYPE_CHECKING:
    from semlink.codecs.wrapped.wrap import wrap
    from semlink.errors import SemlinkError
    from semlink.experiments.workflow.entrants import StoredCodec
    from semlink.experiments.workflow.recipe import Recipe
    from semlink.experiments.workflow.results import Results
    from semlink.front_door import (
        audit,
        block_errors,
        channel,
        erase,
        load_codec,
        load_source,
        names,
        proof,
        records,
        report,
        residue,
        run,
        sign,
        sweep,
        train,
        verify,
    )
    from semlink.unlearning.request import ErasureRequest


__all__ = [
    "ErasureRequest",
    "Recipe",
    "Results",
    "SemlinkError",
    "StoredCodec",
    "__version__",
    "audit",
    "block_errors",
    "channel",
    "erase",
    "load_codec",
    "load_source",
    "names",
    "proof",
    "records",
    "report",
    "residue",
    "run",
    "sign",
    "sweep",
    "train",
    "verify",
    "wrap",
]

_CLASSES = {
    "ErasureRequest": "semlink.unlearning.request",
    "Recipe": "semlink.experiments.workflow.recipe",
    "Results": "semlink.experiments.workflow.results",
    "SemlinkError": "semlink.errors",
    "StoredCodec": "semlink.experiments.workflow.entrants",
    "wrap": "semlink.codecs.wrapped.wrap",
}


if not TYPE_CHECKING:  # type checkers see the imports above, and report a name that is not among them

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module 'semlink' has no attribute {name!r}; it has: {', '.join(__all__)}")
        return getattr(importlib.import_module(_CLASSES.get(name, "semlink.front_door")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
