"""Codecs that others trained, taken in as bundles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semlink.codecs.interop.imported import Imported
from semlink.errors import RecipeError
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.experiments.workflow.division import divided
from semlink.experiments.workflow.erasure import IMPORT
from semlink.experiments.workflow.foreign_codecs import ForeignCodec, foreign_codec
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.preparation import prepare
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.recipe_file import override, recipe_from
from semlink.experiments.workflow.source_places import absolute_in
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.experiments.workflow.training import source_facts
from semlink.experiments.workflow.training_records import RECORDS
from semlink.experiments.workflow.versions import new_version, training_part
from semlink.files import json_text
from semlink.folder_lock import locked
from semlink.registry import choose, parse
from semlink.simulator.sources.record_digests import RecordDigests
from semlink.unlearning.request import ErasureRequest
from semlink.version import __version__

MADE = {"erased": "erased", "retrained": "retrained"}


@dataclass(frozen=True)
class ForeignErasure:
    """That a foreign codec is a version of an imported one, after a request that others carried out.

    original: the stored codec before it. version: erased or retrained. method: what rows call the way it was done.
    """

    original: str | Path
    request: ErasureRequest
    version: str
    method: str


@locked("out")
def import_bundle(
    kind: str, options: Mapping[str, object], source: str, out: Path, machine: Machine, experiment: str,
    overrides: Sequence[str] = (), snr_label: float | None = None, command: str = "semlink import",
    erasure: ForeignErasure | None = None,
) -> Imported[Any]:  # fmt: skip
    """Stores a codec of another program as a bundle, with `import.json`, which says of every tensor where it went.

    In:     kind: of `FOREIGN`. options: its fields. source: the records that it was trained on, as a recipe names them.
            overrides: of the recipe that later erasures go by.
            snr_label: the original's SNR label of training in dB, if it is known.
            erasure: that it is a version of another import, whose name it takes over, so that audits can set the two
            side by side.
    Errors: CodecError, RecipeError, UnknownName, SourceError, ErasureError.
    """
    foreign = foreign_codec(kind, options)
    if erasure is not None:
        choose("version", MADE, erasure.version)
        experiment = recipe_of(stored_bundle(find_bundle(erasure.original))).experiment
    if out.is_file() or (version := new_version(out, {})) is None:
        raise RecipeError(f"{out} is not empty; choose another --out.")
    name, chosen = parse(source)
    content: dict[str, Any] = {
        "experiment": experiment,
        "source": {"name": name, **chosen},
        "codec": {"name": foreign.codec},
    }
    records = prepare(_recipe(content, overrides), None, machine).source
    if not records.train:
        raise RecipeError(f"The source {name} has no training records; give the records that the codec learned from.")
    imported = foreign.read(records)
    codec = imported.codec
    codec.prepare([record.payload for record in records.train[:1]])  # says where the records do not fit the codec
    content["codec"] |= {field: getattr(codec.config, field) for field in codec.own_fields()}
    if snr_label is not None:
        content["training"] = {"snr_db": snr_label + imported.label_offset_db}
    recipe = _recipe(content, overrides)
    origin = _origin(kind, foreign, imported, snr_label)
    tensors = {
        **origin,
        "used": dict(imported.used),
        "changed": list(imported.changed),
        "unused": list(imported.unused),
        "missing": [],
    }
    card: dict[str, Any] = {
        "experiment": recipe.experiment,
        "version": "original",
        "method": "none",
        "codec": foreign.codec,
        "source": source_facts(recipe, records),
        "imported": origin,
        "training_channel": recipe.channel,
        "seed": recipe.seed,
        "code_version": __version__,
        "command": command,
        "recipe": training_part(recipe),
    }
    if parameters := sum(parameter.numel() for parameter in codec.parameters()):
        card["parameters"] = parameters
    if snr_label is not None:
        card["training_snr_db"] = snr_label + imported.label_offset_db
    protected = {RECORDS: RecordDigests.of(records).stored()}
    if erasure is not None:
        marks, protected = _after(erasure, machine)
        card |= marks
    version.store(codec, card, {IMPORT: json_text(tensors, 2) + "\n"}, protected)
    return imported


def _recipe(content: Mapping[str, Any], overrides: Sequence[str]) -> Recipe:
    return recipe_from(absolute_in(override(dict(content), overrides), Path()), "of the import")


def _origin(kind: str, foreign: ForeignCodec, imported: Imported[Any], snr_label: float | None) -> dict[str, Any]:
    """What the card says of the original."""
    return {
        "kind": kind,
        "digest": imported.digest,
        "label_offset_db": imported.label_offset_db,
        "snr_label_db": snr_label,
        **foreign.facts(),
    }


def _after(erasure: ForeignErasure, machine: Machine) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What the card of a codec after a request says, and its protected files, as of one that semlink made itself."""
    bundle = stored_bundle(find_bundle(erasure.original))
    if "imported" not in bundle.card:
        raise RecipeError(f"{erasure.original} is not imported; give the bundle that semlink import made of it.")
    division = divided(bundle, erasure.request, machine, reads=True)
    chain = division.extended_chain(erasure.request, erasure.method, bundle.digest())
    marks = {
        "version": erasure.version,
        "request": erasure.request.digest(bundle.digest()),
        "parent": bundle.digest(),
        "method": {"name": erasure.method},
        "chain": chain.on_card(),
    }
    return marks, division.protected_files(bundle, chain)
