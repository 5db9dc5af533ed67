"""Where records come from: embedded sentences and images, data sets in a folder, a text file of the user."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from semlink.registry import Registry, build, canonical, check_fields

if TYPE_CHECKING:
    from semlink.simulator.sources.contract import Source
    from semlink.simulator.sources.reader import SourceReader

SOURCES: "Registry[type[SourceReader]]" = Registry(
    "source",
    {
        "cifar10": "semlink.simulator.sources.cifar10:Cifar10",
        "digits": "semlink.simulator.sources.digits:Digits",
        "europarl": "semlink.simulator.sources.europarl:Europarl",
        "faces": "semlink.simulator.sources.faces:Faces",
        "fashion-mnist": "semlink.simulator.sources.mnist:FashionMnist",
        "kodak": "semlink.simulator.sources.kodak:Kodak",
        "mnist": "semlink.simulator.sources.mnist:Mnist",
        "python-docs": "semlink.simulator.sources.python_docs:PythonDocs",
        "text-file": "semlink.simulator.sources.text_file:TextFile",
        "triggered": "semlink.simulator.sources.triggered:Triggered",
    },
    contract="semlink.simulator.sources.reader:SourceReader",
)


def build_source(name: str, fields: Mapping[str, object] | None = None, data_dir: Path | None = None) -> "Source":
    """The records of a source, by its name in the registry and the fields that differ from their defaults.

    In:     data_dir: the folder of the large data sets; without it the environment variable SEMLINK_DATA is read.
    Errors: UnknownName; WrongField; SourceError when the data are missing or damaged.
    """
    reader = build("source", SOURCES, name, fields or {})
    checked = check_fields("source", name, SOURCES[name], fields or {})
    return replace(reader.read(data_dir), name=canonical(name, SOURCES[name], checked))
