"""Are the names in a command or recipe known? Answered from the source of semlink, before torch is loaded.

What passes here is checked again, with the types of all fields, by what builds it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from semlink.channels import CHANNELS
from semlink.codecs import CODECS, IMPORTED
from semlink.codecs.digital.compression import COMPRESSORS
from semlink.errors import RecipeError
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.experiments.workflow.entry_source import read_entry
from semlink.experiments.workflow.snr_range import parse_range
from semlink.registry import FIRST, Registry, check_known, choose, parse
from semlink.simulator.sources import SOURCES
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.methods import METHODS

REGISTRIES: Mapping[str, Registry[Any]] = {
    "channel": CHANNELS, "codec": CODECS, "source": SOURCES, "method": METHODS, "audit": AUDITS,
}  # fmt: skip
CLASSICAL = ("digital", "limit", "bound")  # what a classical codec begins with
COMPRESSING = ("digital", "limit")  # those whose first field is a compressor; a bound has a language model


def check_names(kind: str, components: Iterable[object]) -> None:
    """Checks names and names of fields of components, as a user writes them; what is no component is left to others.

    In:     kind: a key of `REGISTRIES`.
    Errors: UnknownName, WrongField.
    """
    registry = REGISTRIES[kind]
    for written in components:
        if isinstance(written, str):
            name, fields = parse(written)
        elif isinstance(written, Mapping) and isinstance(written.get("name"), str):
            name, fields = written["name"], {field: written[field] for field in written if field != "name"}
        else:
            continue
        if kind == "codec" and name in IMPORTED:
            continue  # which an import has made; recipes of these stand in bundles alone
        if name not in registry:
            choose(kind, registry, name)  # whose sentence lists the names; an entry that is there is not loaded yet
        text = read_entry(registry.place_of(name)) if name in registry.own() else None
        if text is not None:
            given = [str(field) for field in fields if field not in (FIRST, "as" if kind == "method" else FIRST)]
            check_known(kind, name, [field for field, _ in text.fields], given)


def check_codecs(names: Iterable[object]) -> None:
    """Checks that stored codecs are there, and that classical ones name a compressor.

    Errors: BundleError, UnknownName.
    """
    for name in names:
        if isinstance(name, str) and not Path(name).exists() and name.partition(":")[0] in CLASSICAL:
            check_classical([name])
        elif isinstance(name, str | Path):
            find_bundle(name)


def check_classical(names: Iterable[object]) -> None:
    """Checks that classical codecs, such as "digital:webp", name a compressor. Errors: UnknownName."""
    for name in names:
        kind, _, rest = str(name).partition(":")
        compressor = rest.partition(",")[0].removeprefix("compressor=")
        if isinstance(name, str) and kind in COMPRESSING and rest and compressor not in COMPRESSORS:
            choose("compressor", COMPRESSORS, compressor)


def check_snr(value: object) -> None:
    """Checks that a text is a range of Es/N0 in dB. Errors: RecipeError."""
    if isinstance(value, str):
        try:
            parse_range(value)
        except ValueError as error:
            raise RecipeError(f"{error}.") from error


def check_recipe(content: Mapping[str, Any]) -> None:
    """Checks the names in what a recipe is made of. Errors: UnknownName, WrongField, RecipeError."""
    sweep: object = content.get("sweep")
    erasure: object = content.get("erasure")
    check_names("source", [content.get("source")])
    check_names("codec", [content.get("codec")])
    check_names("channel", [content.get("channel"), *_listed(sweep, "channels")])
    check_classical(_listed(sweep, "baselines"))
    check_snr(sweep.get("snr_db") if isinstance(sweep, Mapping) else None)
    check_names("method", [*_listed(erasure, "method"), *_listed(erasure, "methods")])
    check_names("audit", _listed(erasure, "audits"))


def _listed(section: object, field: str) -> list[Any]:
    value = section.get(field) if isinstance(section, Mapping) else None
    return list(value) if isinstance(value, list | tuple) else [value]
