"""Where sources and codecs lie: absolute while one works with them, by their names alone in what travels.

A path says whose machine it is from, and often whose data. So cards and plans hold the last name of a path, and the
whole of it stands in a file that only the owner of the data keeps, as the full requests do.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from semlink.errors import SemlinkError
from semlink.experiments.workflow.component import Component
from semlink.registry import FIRST, fields_of, parse
from semlink.simulator.sources import SOURCES
from semlink.untrusted import json_of, spelled

PLACES = "places.json"  # a protected file of a bundle, and of a run
KEY = "source"  # of a source in plans and recipes, wherever it stands
CODEC = {"name", "digest"}  # what a plan says of a stored codec
NESTED = "of"  # the field of a source that names another one in a line


def absolute(source: Component, folder: Path) -> Component:
    """A source whose relative paths are absolute: from `folder`, or else from the current one.

    A path that neither has stays as it is: it may be one of the data folder.
    """
    return source.model_copy(update={"fields": _mapped(source.name, source.fields, lambda path: _found(path, folder))})


def absolute_in(content: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The plain data of a recipe, not checked yet, with the paths of its source as `absolute` gives them."""
    source = content.get(KEY)
    try:
        if isinstance(source, str):
            name, fields = parse(source)
            found = _mapped(name, fields, lambda path: _found(path, folder))
            return dict(content) if found == fields else {**content, KEY: {"name": name, **_first_named(name, found)}}
        if isinstance(source, Mapping) and isinstance(source.get("name"), str):
            return {**content, KEY: _mapped(source["name"], source, lambda path: _found(path, folder))}
    except SemlinkError:  # told when the recipe is checked
        pass
    return dict(content)


def named(content: Any, places: dict[str, Any], where: str = "") -> Any:
    """Plain data with the last names of absolute paths of sources and codecs, which are added to `places`."""
    if isinstance(content, list | tuple):
        return [named(item, places, f"{where}/{number}") for number, item in enumerate(content)]
    if not isinstance(content, Mapping):
        return content
    name, short = content.get("name"), dict(content)
    if isinstance(name, str) and content.keys() == CODEC:
        short["name"] = _last_name(Path(name))
    elif isinstance(name, str) and where.endswith(f"/{KEY}"):
        short = _mapped(name, content, _last_name)
    if changed := {field: value for field, value in content.items() if short[field] != value}:
        places[where] = changed
    return {key: named(value, places, f"{where}/{key}") for key, value in short.items()}


def placed(content: Any, places: Mapping[str, Any], where: str = "") -> Any:
    """What `named` was given."""
    if isinstance(content, list | tuple):
        return [placed(item, places, f"{where}/{number}") for number, item in enumerate(content)]
    if not isinstance(content, Mapping):
        return content
    result = {key: placed(value, places, f"{where}/{key}") for key, value in content.items()}
    if isinstance(known := places.get(where), Mapping):
        result |= {field: value for field, value in known.items() if field in result}
    return result


def stored(places: Mapping[str, Any]) -> bytes:
    """Places as the content of a file."""
    return json.dumps(places, indent=1).encode() + b"\n"


def restored(content: bytes | None) -> dict[str, Any]:
    """What `stored` gave; none where there is no file. Errors: ValueError when it is damaged."""
    found: dict[str, Any] = {} if content is None else json_of(content, dict)
    return found


def _last_name(path: Path) -> str:
    return path.name if path.is_absolute() else str(path)


def _found(path: Path, folder: Path) -> str:
    whole = Path(os.path.expanduser(path))
    if not whole.is_absolute():
        for base in (folder, Path()):
            if os.path.exists(base / whole):  # false, where a name is too long for a file
                return str((base / whole).absolute())
    return str(whole)


def _mapped(name: str, fields: Mapping[str, Any], change: Any) -> dict[str, Any]:
    """The fields of a source, with a change of each path among them and in a source that they name in a line.

    Of a source whose plug-in is not here, each text that is an absolute path counts as one.
    """
    if name not in SOURCES:
        paths = {field: Path(value) for field, value in fields.items() if isinstance(value, str)}
        return {**fields, **{field: change(path) for field, path in paths.items() if path.is_absolute()}}
    kinds = fields_of(SOURCES[name])
    first = next(iter(kinds), "")
    result = dict(fields)
    for field, value in fields.items():
        kind = kinds.get(first if field == FIRST else field, (None, None))[0]
        if value is None or field == "name":
            continue
        if kind is Path or Path in get_args(kind):
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                result[field] = change(Path(spelled(value)))
        elif field in (NESTED, FIRST) and isinstance(value, str) and kind is str and value.partition(":")[0] in SOURCES:
            inner, inside = parse(value)
            changed = _mapped(inner, inside, change)
            if changed == inside:
                continue
            full = _first_named(inner, changed)
            written = f"{inner}:{','.join(f'{key}={spelled(item)}' for key, item in full.items())}"
            if parse(written)[1] == full:
                result[field] = written
    return result


def _first_named(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with the name of the one that was given as its value alone."""
    first = next(iter(fields_of(SOURCES[name])))
    return {first if field == FIRST else field: value for field, value in fields.items()}
