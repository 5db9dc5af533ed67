"""Audits of stored codecs: original, erased and retrained, side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
import yaml

from semlink.channels import build_channel
from semlink.codecs.bundle import Bundle, load_bundle
from semlink.errors import AuditError
from semlink.experiments.bundles import Machine, recipe_of, same_data, source_of
from semlink.experiments.recipe import Recipe
from semlink.experiments.sweeping import claim
from semlink.registry import build, parse
from semlink.simulator.results import Row, write_rows
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.contract import Partition
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest


def audit_bundles(
    original: Path,
    erased: Path,
    retrained: Path,
    request: ErasureRequest,
    out: Path,
    audits: Sequence[str],
    snr_db: float,
    machine: Machine,
    seed: int | None,
) -> list[Row]:
    """Runs audits on three stored versions of a codec and writes `recipe.yaml` and `results.jsonl` into `out`.

    Errors: AuditError when the three are not versions of one codec; BundleError, ErasureError, UnknownName.
    """
    bundles = {name: load_bundle(folder) for name, folder in zip(VERSIONS, (original, erased, retrained), strict=True)}
    for version in ("erased", "retrained"):
        if bundles[version].card.get("parent") != bundles["original"].digest():
            raise AuditError(
                f"{bundles[version].folder} was not made from {original}; "
                f"make it with: semlink erase {original} --request FILE --out DIR."
            )
    recipe = recipe_of(bundles["original"])
    source = source_of(recipe, machine)
    same_data(bundles["original"], source)
    seed = recipe.seed if seed is None else seed
    settings = {"bundles": [f"{bundle.folder}@{bundle.digest()}" for bundle in bundles.values()], "seed": seed}
    claim(out, yaml.safe_dump({**settings, "audits": list(audits), "snr_db": snr_db, "request": request.digest()}))
    rows = audit_rows(recipe, bundles, divide(source, request), audits, snr_db, seed, machine)
    write_rows(out / "results.jsonl", rows)
    return rows


VERSIONS = ("original", "erased", "retrained")


def audit_rows(
    recipe: Recipe,
    bundles: Mapping[str, Bundle],
    partition: Partition,
    audits: Sequence[str],
    snr_db: float,
    seed: int,
    machine: Machine,
) -> list[Row]:
    """Rows of audits, named as `name` or `name:field=value,...`, on the three versions of a codec."""
    raise NotImplementedError
