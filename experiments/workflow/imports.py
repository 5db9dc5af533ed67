"""Codecs that others trained, taken in as bundles."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from semlink.codecs.interop.tf_deepsc import AMPLITUDES, Imported, import_deepsc
from semlink.errors import RecipeError
from semlink.experiments.workflow.erasure import IMPORT
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.preparation import prepare
from semlink.experiments.workflow.recipe_file import override, recipe_from
from semlink.experiments.workflow.training import source_facts
from semlink.experiments.workflow.training_records import RECORDS
from semlink.experiments.workflow.versions import new_version, training_part
from semlink.files import json_text
from semlink.folder_lock import locked
from semlink.registry import choose, parse
from semlink.simulator.sources.record_digests import RecordDigests
from semlink.version import __version__

KINDS: Mapping[str, str] = {"tf-deepsc": "the published DeepSC in TensorFlow 2"}


@locked("out")
def import_bundle(
    kind: str, path: Path, vocabulary: Path, source: str, out: Path, machine: Machine, experiment: str,
    overrides: Sequence[str],
    heads: int, max_length: int, power: str, positions: str, snr_label: float | None, command: str,
) -> Imported:  # fmt: skip
    """Stores a codec of another program as a bundle, with `import.json`, which says of every tensor where it went.

    In:     source: the records that it was trained on, as a recipe names them. overrides: of the recipe that later
            erasures go by.
            snr_label: the original's SNR label of training in dB, if it is known.
            The others: see `import_deepsc`.
    Errors: CodecError, RecipeError, UnknownName, SourceError.
    """
    choose("kind of import", KINDS, kind)
    choose("power rule", AMPLITUDES, power)
    choose("rule of positions", {"column": 1, "pair": 1}, positions)
    if out.is_file() or (version := new_version(out, {})) is None:
        raise RecipeError(f"{out} is not empty; choose another --out.")
    imported = import_deepsc(path, vocabulary, heads, max_length, power, positions)  # type: ignore[arg-type]
    codec = imported.codec
    fields = {field: getattr(codec.config, field) for field in codec.own_fields()}
    name, chosen = parse(source)
    label = {} if snr_label is None else {"training": {"snr_db": snr_label + imported.label_offset_db}}
    content = {
        "experiment": experiment,
        "source": {"name": name, **chosen},
        "codec": {"name": "deepsc", **fields},
        **label,
    }
    recipe = recipe_from(override(content, overrides), "of the import")
    records = prepare(recipe, None, machine).source
    tensors = {
        "kind": kind,
        "digest": imported.digest,
        "label_offset_db": imported.label_offset_db,
        "snr_label_db": snr_label,
        "power": power,
        "used": dict(imported.used),
        "unused": list(imported.unused),
        "missing": [],
    }
    card: dict[str, Any] = {
        "experiment": recipe.experiment,
        "version": "original",
        "method": "none",
        "codec": "deepsc",
        "parameters": sum(parameter.numel() for parameter in codec.parameters()),
        "source": source_facts(recipe, records),
        "imported": {key: tensors[key] for key in ("kind", "digest", "label_offset_db", "snr_label_db", "power")},
        "training_channel": recipe.channel,
        "seed": recipe.seed,
        "code_version": __version__,
        "command": command,
        "recipe": training_part(recipe),
    }
    if snr_label is not None:
        card["training_snr_db"] = snr_label + imported.label_offset_db
    protected = {RECORDS: RecordDigests.of(records).stored()}
    version.store(codec, card, {IMPORT: json_text(tensors, 2) + "\n"}, protected)
    return imported
