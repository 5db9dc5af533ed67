"""Nested data of a run, such as a certificate, as plain lines and small tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from semlink.experiments.report.metric_labels import SET_WORDS


@dataclass(frozen=True)
class Fact:
    """One thing with its name: a text, a block of settings (name, value), or a table."""

    name: str
    text: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()


def facts_of(value: Mapping[str, object], prefix: str = "") -> Iterator[Fact]:
    """The content of a mapping, in its order: inner mappings as blocks, lists of mappings as tables."""
    for key, inner in value.items():
        name = f"{prefix}{_words(key)}"
        if isinstance(inner, Mapping) and any(_nests(one) for one in inner.values()):
            yield from facts_of(inner, f"{name}: ")
        elif isinstance(inner, Mapping):
            yield Fact(name, settings=tuple((str(field), _text(one)) for field, one in inner.items()))
        elif isinstance(inner, list) and inner and all(isinstance(one, Mapping) for one in inner):
            yield _table(name, inner)
        else:
            yield Fact(name, _text(inner))


def _nests(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(one, Mapping) for one in value))


def _table(name: str, entries: Sequence[Mapping[str, object]]) -> Fact:
    keys = dict.fromkeys(key for entry in entries for key in entry)
    return Fact(
        name,
        head=tuple(map(_words, keys)),
        lines=tuple(tuple(_cell(key, entry.get(key)) for key in keys) for entry in entries),
    )


def _words(key: str) -> str:
    return key.replace("snr_db", "Es/N0 (dB)").replace("_", " ")


def _cell(key: str, value: object) -> str:
    text = _text(value)
    return SET_WORDS.get(text, text).lower() if key == "set" else text


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
