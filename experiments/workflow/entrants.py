"""Neural codecs in a sweep or an audit: stored ones and exports of these, each with its labels in the result rows."""

import copy
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semlink.codecs.interop.sidecar import SIDECAR, read_sidecar
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import RecipeError
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.experiments.workflow.erasure import CERTIFICATE, certificate_of
from semlink.experiments.workflow.store import stored_bundle, stored_export
from semlink.experiments.workflow.training_records import chain_of
from semlink.files import sha256_of
from semlink.simulator.sweep import Entry
from semlink.unlearning.request import ErasureRequest


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

    name, version, method: how result rows call it. vocabulary: folder of the version whose vocabulary it is measured
    with, as an attacker has it who kept that version; None: its own.
    """

    folder: Path
    name: str
    version: str = "original"
    method: str = "none"
    vocabulary: Path | None = None

    def digest(self) -> str:
        spoken = "" if self.vocabulary is None else f" {stored_bundle(self.vocabulary).digest()}"
        return f"{stored_bundle(self.folder).digest()}{spoken}"

    def entry(self, device: str) -> Entry:
        return Entry(self.measured().on(device), self.name, self.version, self.method)

    def measured(self) -> NeuralCodec[Any]:
        """The codec as it is measured; nobody changes it."""
        codec = stored_bundle(self.folder).codec
        return codec if self.vocabulary is None else codec.with_vocabulary_of(stored_bundle(self.vocabulary).codec)

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
        """The certificate of its erasure; empty where nothing was erased. Errors: BundleError when it is of another."""
        bundle = stored_bundle(self.folder)
        return certificate_of(bundle) if CERTIFICATE in bundle.texts else {}

    def carries(self, request: ErasureRequest) -> bool:
        """Whether a request was carried out on it, or on what it came from."""
        return chain_of(stored_bundle(self.folder)).entry_of(request) is not None


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
        return Entry(stored_export(self.export, bundle, self.stored.measured()), self.name, self.version, self.method)


def stored_codec(folder: str | Path) -> StoredCodec:
    """A stored codec, given by its folder or name, labelled as its card says. Errors: BundleError."""
    place = find_bundle(folder).absolute()
    card = stored_bundle(place).card
    method = card.get("method", "none")
    label = str(method.get("as", method.get("name"))) if isinstance(method, Mapping) else str(method)
    return StoredCodec(place, str(card.get("experiment", place.name)), str(card.get("version", "original")), label)


def around(codecs: Sequence[StoredCodec], request: ErasureRequest | None) -> list[StoredCodec]:
    """Codecs as they are measured and called in rows about a request.

    Before it was carried out, every version is the original. The versions after it are measured with the vocabulary of
    the original beside them, from which the request may have taken words: a codec that still knows them must show it.
    """
    if request is None:
        return list(codecs)
    originals = {stored_bundle(codec.folder).digest(): codec.folder for codec in codecs if not codec.carries(request)}
    changed = []
    for codec in codecs:
        if codec.carries(request):
            parents = [entry.parent for entry in chain_of(stored_bundle(codec.folder)).entries]
            spoken = next((originals[parent] for parent in reversed(parents) if parent in originals), None)
            changed.append(dataclasses.replace(codec, vocabulary=spoken))
        else:
            changed.append(dataclasses.replace(codec, version="original"))
    return changed


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
        if stored_bundle(codec.folder).digest() == sidecar["bundle"]:
            return ExportedCodec(export, codec, f"{codec.name} ({mark or sidecar['kind']})")
    raise RecipeError(
        f"{export} is the export of a codec that is not in this sweep; name the bundle that it was made of too."
    )


def _differ(entrants: Sequence[Entrant]) -> bool:
    """Whether the rows tell them apart."""
    return len({(entrant.name, entrant.version, entrant.method) for entrant in entrants}) == len(entrants)
