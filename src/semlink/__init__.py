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
    from semlink.channels.contract import Channel, Frame, Reception
    from semlink.codecs.configuration import CodecConfig
    from semlink.codecs.neural_codec import NeuralCodec
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
        register,
        report,
        residue,
        run,
        sign,
        sweep,
        train,
        verify,
    )
    from semlink.simulator.measure import Measure
    from semlink.simulator.metrics.contract import Metric
    from semlink.simulator.sources.contract import Record, Source
    from semlink.simulator.sources.reader import SourceReader, Terms
    from semlink.unlearning.audits.contract import Audit, AuditContext
    from semlink.unlearning.contract import Erasure, Method, Partition
    from semlink.unlearning.request import ErasureRequest


__all__ = [
    "Audit",
    "AuditContext",
    "Channel",
    "CodecConfig",
    "Erasure",
    "ErasureRequest",
    "Frame",
    "Measure",
    "Method",
    "Metric",
    "NeuralCodec",
    "Partition",
    "Reception",
    "Recipe",
    "Record",
    "Results",
    "SemlinkError",
    "Source",
    "SourceReader",
    "StoredCodec",
    "Terms",
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
    "register",
    "report",
    "residue",
    "run",
    "sign",
    "sweep",
    "train",
    "verify",
]

_CLASSES = {
    "Audit": "semlink.unlearning.audits.contract",
    "AuditContext": "semlink.unlearning.audits.contract",
    "Channel": "semlink.channels.contract",
    "CodecConfig": "semlink.codecs.configuration",
    "Erasure": "semlink.unlearning.contract",
    "ErasureRequest": "semlink.unlearning.request",
    "Frame": "semlink.channels.contract",
    "Measure": "semlink.simulator.measure",
    "Method": "semlink.unlearning.contract",
    "Metric": "semlink.simulator.metrics.contract",
    "NeuralCodec": "semlink.codecs.neural_codec",
    "Partition": "semlink.unlearning.contract",
    "Reception": "semlink.channels.contract",
    "Recipe": "semlink.experiments.workflow.recipe",
    "Record": "semlink.simulator.sources.contract",
    "Results": "semlink.experiments.workflow.results",
    "SemlinkError": "semlink.errors",
    "Source": "semlink.simulator.sources.contract",
    "SourceReader": "semlink.simulator.sources.reader",
    "StoredCodec": "semlink.experiments.workflow.entrants",
    "Terms": "semlink.simulator.sources.reader",
}


if not TYPE_CHECKING:  # type checkers see the imports above, and report a name that is not among them

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module 'semlink' has no attribute {name!r}; it has: {', '.join(__all__)}")
        return getattr(importlib.import_module(_CLASSES.get(name, "semlink.front_door")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
