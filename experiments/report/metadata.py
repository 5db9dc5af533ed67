"""Nested data about a run, such as a certificate, as plain lines and small tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from semlink.experiments.report.labels import SET_LABELS


@dataclass(frozen=True)
class MetadataEntry:
    """One entry with its name: a text, a block of settings (name, value), or a table."""

    name: str
    text: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()


def metadata_of(value: Mapping[str, object], prefix: str = "") -> Iterator[MetadataEntry]:
    """The content of a mapping, in its order: inner mappings as blocks, lists of mappings as tables."""
    for key, inner in value.items():
        name = f"{prefix}{_title(key)}"
        if isinstance(inner, Mapping) and any(_nests(content) for content in inner.values()):
            yield from metadata_of(inner, f"{name}: ")
        elif isinstance(inner, Mapping):
            yield MetadataEntry(name, settings=tuple((str(field), _text(content)) for field, content in inner.items()))
        elif isinstance(inner, list) and inner and all(isinstance(item, Mapping) for item in inner):
            yield _table(name, inner)
        else:
            yield MetadataEntry(name, _text(inner))


def _nests(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(item, Mapping) for item in value))


def _table(name: str, entries: Sequence[Mapping[str, object]]) -> MetadataEntry:
    keys = dict.fromkeys(key for entry in entries for key in entry)
    return MetadataEntry(
        name,
        head=tuple(map(_title, keys)),
        lines=tuple(tuple(_cell(key, entry.get(key)) for key in keys) for entry in entries),
    )


def _title(key: str) -> str:
    return key.replace("snr_db", "Es/N0 (dB)").replace("_", " ")


def _cell(key: str, value: object) -> str:
    text = _text(value)
    return SET_LABELS.get(text, text).lower() if key == "set" else text


def _text(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.4g}" if abs(value) < 1e4 else f"{value:g}"
        case list() | tuple():
            return ", ".join(map(_text, value)) or "none"
        case _:
            return str(value)
