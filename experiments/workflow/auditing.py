"""Audits of stored codecs: original, erased and retrained, side by side."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from semlink.channels.snr import LOWEST_DB
from semlink.codecs.bundle import load_bundle
from semlink.errors import AuditError, RecipeError
from semlink.experiments.workflow.bench import claim, contenders_of
from semlink.experiments.workflow.versions import Machine, recipe_of, same_data, source_of
from semlink.registry import build, parse
from semlink.simulator.results import Row, write_rows
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.audits.contract import VERSIONS, Audit, AuditContext
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

    Errors: AuditError when the three are not versions of one codec; BundleError, ErasureError, RecipeError,
            UnknownName, WrongField.
    """
    built = build_audits(audits)
    if not snr_db >= LOWEST_DB:
        raise RecipeError(f"Audits cannot measure at an Es/N0 of {snr_db} dB; give --snr-db a number such as 12.")
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
    partition = divide(source, request)
    settings = {"bundles": [f"{bundle.folder}@{bundle.digest()}" for bundle in bundles.values()], "seed": seed}
    claim(out, yaml.safe_dump({**settings, "audits": list(audits), "snr_db": snr_db, "request": request.digest()}))
    contenders = contenders_of([bundle.folder for bundle in bundles.values()])
    entries = [
        Entry(bundle.codec.on(machine.device), one.name, one.version, one.method)
        for bundle, one in zip(bundles.values(), contenders, strict=True)
    ]
    setting = AuditContext(recipe.experiment, recipe.channel, snr_db, seed)
    rows = [row for audit in built for row in audit.run(entries, partition, setting)]
    write_rows(out / "results.jsonl", rows)
    return rows


def build_audits(texts: Sequence[str]) -> list[Audit]:
    """Audits, each given as `name` or `name:field=value,...`. Errors: UnknownName, WrongField."""
    return [build("audit", AUDITS, *parse(text)) for text in texts]
