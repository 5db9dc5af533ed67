"""Where records come from: embedded sentences and images, data sets in a folder, a text file of one's own."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from semlink.registry import build, canonical, check_fields
from semlink.simulator.sources.cifar10 import Cifar10
from semlink.simulator.sources.contract import SPLITS, Record, Source, SplitName
from semlink.simulator.sources.digits import Digits
from semlink.simulator.sources.europarl import Europarl
from semlink.simulator.sources.faces import Faces
from semlink.simulator.sources.kodak import Kodak
from semlink.simulator.sources.mnist import FashionMnist, Mnist
from semlink.simulator.sources.python_docs import PythonDocs
from semlink.simulator.sources.reader import Reader
from semlink.simulator.sources.text_file import TextFile
from semlink.simulator.sources.trigger import Trigger
from semlink.simulator.sources.triggered import Triggered

SOURCES: dict[str, type[Reader]] = {
    "cifar10": Cifar10,
    "digits": Digits,
    "europarl": Europarl,
    "faces": Faces,
    "fashion-mnist": FashionMnist,
    "kodak": Kodak,
    "mnist": Mnist,
    "python-docs": PythonDocs,
    "text-file": TextFile,
    "triggered": Triggered,
}

__all__ = ["SOURCES", "SPLITS", "Reader", "Record", "Source", "SplitName", "Trigger", "build_source"]


def build_source(name: str, fields: Mapping[str, object] | None = None, data_dir: Path | None = None) -> Source:
    """The records of a source, by its name in the registry and the fields that differ from their defaults.

    In:     data_dir: the folder of the large data sets; without it the environment variable SEMLINK_DATA is read.
    Errors: UnknownName; WrongField; SourceError when the data are missing or damaged.
    """
    reader = build("source", SOURCES, name, fields or {})
    checked = check_fields("source", name, SOURCES[name], fields or {})
    return replace(reader.read(data_dir), name=canonical(name, SOURCES[name], checked))
