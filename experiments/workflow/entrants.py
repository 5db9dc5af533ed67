"""Neural codecs in a sweep or an audit: stored ones and exports of these, each with its labels in the result rows."""

import copy
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semlink.codecs.interop.exported import open_export
from semlink.codecs.interop.sidecar import SIDECAR, read_sidecar
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import RecipeError
from semlink.experiments.workflow.erasure import CERTIFICATE
from semlink.experiments.workflow.store import find_bundle, stored_bundle
from semlink.files import sha256_of
from semlink.simulator.sweep import Entry
from semlink.untrusted import json_of, read_bytes


class Entrant(ABC):
    """A codec under test. name, version, method: as the rows say."""

    name: str
    version: str
    method: str

    @abstractmethod
    def digest(self) -> str:
        """Of all that its results depend on."""

    @abstractmethod
    def entry(self, device: str) -> Entry:
        """The codec, ready to be measured. Errors: BundleError, CodecError."""


@dataclass(frozen=True)
class StoredCodec(Entrant):
    """A codec in a folder, as `semlink.load_codec` gives it; it is read when it is first used.

    name, version, method: how result rows call it.
    """

    folder: Path
    name: str
    version: str = "original"
    method: str = "none"

    def digest(self) -> str:
        return stored_bundle(self.folder).digest()

    def entry(self, device: str) -> Entry:
        return Entry(stored_bundle(self.folder).codec.on(device), self.name, self.version, self.method)

    @property
    def codec(self) -> NeuralCodec[Any]:
        """A copy of the codec, in evaluation mode; changing it changes nothing that is measured."""
        return copy.deepcopy(stored_bundle(self.folder).codec)

    @property
    def card(self) -> Mapping[str, Any]:
        """What its maker wrote about it: source, training, bandwidth, seed, command."""
        return stored_bundle(self.folder).card

    @property
    def certificate(self) -> Mapping[str, Any]:
        """The certificate of its erasure; empty where nothing was erased."""
        file = self.folder / CERTIFICATE
        return json_of(read_bytes(file), dict) if file.is_file() else {}


@dataclass(frozen=True)
class ExportedCodec(Entrant):
    """A stored codec as `semlink export` wrote it for another runtime; it runs on the CPU.

    export: its folder. stored: the codec that it was made of.
    """

    export: Path
    stored: StoredCodec
    name: str

    @property
    def version(self) -> str:  # type: ignore[override]
        """That of the stored codec."""
        return self.stored.version

    @property
    def method(self) -> str:  # type: ignore[override]
        """That of the stored codec."""
        return self.stored.method

    def digest(self) -> str:
        return f"{self.stored.digest()} {sha256_of(self.export / SIDECAR)}"

    def entry(self, device: str) -> Entry:
        bundle = stored_bundle(self.stored.folder)
        exported = open_export(self.export, bundle.codec, bundle.digest())
        return Entry(exported, self.name, self.version, self.method)


def stored_codec(folder: str | Path) -> StoredCodec:
    """A stored codec, given by its folder or name, labelled as its card says. Errors: BundleError."""
    place = find_bundle(folder).absolute()
    card = stored_bundle(place).card
    method = card.get("method", "none")
    label = str(method.get("as", method.get("name"))) if isinstance(method, Mapping) else str(method)
    return StoredCodec(place, str(card.get("experiment", place.name)), str(card.get("version", "original")), label)


def distinct(stored: Sequence[StoredCodec], exports: Sequence[Path] = ()) -> list[Entrant]:
    """Stored codecs, then exports of some of these, with names that tell them apart.

    Where several stored codecs have the same labels, the names of their folders are added; an export has its format
    behind the name, or its folder where that is not enough.
    Errors: RecipeError when an export is of none of the stored codecs; BundleError.
    """
    if not _differ(stored):
        stored = [dataclasses.replace(codec, name=codec.folder.name) for codec in stored]
    exported = [_exported(export, stored) for export in exports]
    if not _differ(exported):
        exported = [_exported(export, stored, export.name) for export in exports]
    return [*stored, *exported]


def certificates_of(codecs: Sequence[StoredCodec]) -> dict[str, Any]:
    """The certificates of the erased ones, as a report reads them: the first one's, then others' by method."""
    found = {codec.method: dict(codec.certificate) for codec in codecs if codec.version == "erased"}
    first, *others = found or {"": {}}
    metadata: dict[str, Any] = {"erasure": found[first]} if found else {}
    return metadata | ({"other_erasures": {method: found[method] for method in others}} if others else {})


def is_export(folder: Path) -> bool:
    """Whether a folder holds what `semlink export` made."""
    return (folder / SIDECAR).is_file()


def _exported(export: Path, stored: Sequence[StoredCodec], mark: str | None = None) -> ExportedCodec:
    sidecar = read_sidecar(export)
    for codec in stored:
        if codec.digest() == sidecar["bundle"]:
            return ExportedCodec(export, codec, f"{codec.name} ({mark or sidecar['kind']})")
    raise RecipeError(
        f"{export} is the export of a codec that is not in this sweep; name the bundle that it was made of too."
    )


def _differ(entrants: Sequence[Entrant]) -> bool:
    """Whether the rows tell them apart."""
    return len({(entrant.name, entrant.version, entrant.method) for entrant in entrants}) == len(entrants)
