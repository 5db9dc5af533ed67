"""Reads what a user or a stranger wrote: regular files of bounded size, and JSON and YAML without surprises.

Both languages give null, booleans, numbers, texts, lists and mappings alone. Everything else is refused: more than
`DEPTH` levels, a key twice, numbers of more than `DIGITS` digits, characters that are not valid Unicode, and in YAML
anchors, aliases and tags. A plain scalar of YAML is a number, `true`, `false` or `null` where it is written as in JSON;
`NO`, `5:20:5`, `007` and `2026-11-31` are the texts that they look like.
"""

import errno
import json
import math
import os
import re
import stat
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

DEPTH, DIGITS = 64, 40
TEXT_MOST = 16 << 20  # bytes of a text file, JSON among them
YAML_MOST = 128 << 10  # bytes; the reader of YAML is slow
SHOWN = 60  # characters of a value in an error sentence

WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
REAL = re.compile(r"[-+]?(((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?|\.inf|\.nan)")
CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}


def shown(value: object) -> str:
    """A value as error sentences print it: at most `SHOWN` characters, in one line."""
    if isinstance(value, str):
        text = repr(value[:SHOWN] + "..." if len(value) > SHOWN else value)
    elif isinstance(value, int) and value.bit_length() > 200:
        text = f"a number of {value.bit_length()} bits"  # Python refuses to print long ones
    elif isinstance(value, float | int | bool | None):
        return repr(value)
    else:
        text = "".join(_parts(value, SHOWN + 1))
    return text if len(text) <= SHOWN + 5 else f"{text[:SHOWN]}..."


def cut(text: object, most: int = SHOWN) -> str:
    """A text for an error sentence, in one line, cut to `most` characters."""
    whole = str(text)
    part = whole[:most]
    if not part.isprintable():
        part = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in part)
    return part if len(whole) <= most else f"{part}..."


def read_bytes(path: Path, most: int = TEXT_MOST, growing: bool = False) -> bytes:
    """The content of a regular file, or of a link to one.

    In:     growing: whether others add to it; then what it held when it was opened is read, and else it is refused.
    Errors: OSError when it is missing, no regular file (a pipe, a device, a folder), or has more than `most` bytes.
    """
    # Not waiting for the writer of a pipe; for a regular file the flag says nothing.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if stat.S_ISDIR(facts.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "This is no regular file", str(path))
        if facts.st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        content = file.read(facts.st_size + 1)  # a file that grows meanwhile is not read for ever
        if len(content) > facts.st_size and not growing:
            raise OSError(errno.EBUSY, "The file grows while it is read", str(path))
        return content[: facts.st_size]


def read_text(path: Path, most: int = TEXT_MOST) -> str:
    """The text of a regular UTF-8 file, without a byte order mark; every kind of line end is a line feed.

    Errors: OSError as `read_bytes`; UnicodeDecodeError.
    """
    return read_bytes(path, most).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def json_of(text: str | bytes, kind: type = object) -> Any:
    """The content of a JSON text.

    In:     kind: what the top level has to be, such as dict.
    Errors: ValueError when it is not JSON of that kind, or is refused as above.
    """
    whole = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
    _check_text(whole)
    try:
        content = json.loads(whole, object_pairs_hook=_once, parse_constant=_refuse, parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _check(content, deep=bool(re.search(r"\\u[dD][89a-fA-F]", whole)))
    if not isinstance(content, kind):
        raise ValueError(f"not a JSON {kind.__name__}")
    return content


def yaml_of(text: str) -> Any:
    """The content of a YAML text. Errors: ValueError when it is not YAML, or is refused as above."""
    whole = text.removeprefix("\ufeff")
    _check_text(whole)
    if len(whole) > YAML_MOST:
        raise ValueError("too long")
    try:
        content = _Loader(whole).get_single_data()
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(cut(str(error).splitlines()[0] if str(error) else "not YAML")) from error
    _check(content, deep="\\" in whole)
    return content


def yaml_text(content: object) -> str:
    """Plain data as YAML that `yaml_of`, and readers of YAML 1.1, give back as it was."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def value_of(text: str) -> Any:
    """A value of the command line: a list, a mapping or a quoted text as YAML, everything else as `scalar_of`.

    Errors: ValueError.
    """
    plain = text.strip()
    return yaml_of(plain) if plain[:1] in ("[", "{", '"', "'") else scalar_of(plain)


def scalar_of(text: str) -> Any:
    """What a single word or number is: a number only where its text can be told from it again, so that a file may be
    called 1.50; a field that takes numbers alone takes such a text as well.

    Errors: ValueError when it is not valid Unicode.
    """
    plain = text.strip()
    _check_text(plain)
    value = _scalar(plain)
    if isinstance(value, float) and not math.isfinite(value):  # nobody calls a file .nan
        return value
    return plain if isinstance(value, int | float) and spelled(value) != plain else value


def spelled(value: object) -> str:
    """A scalar as a user writes it."""
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)


def _scalar(text: str) -> Any:
    if text in CONSTANTS:
        return CONSTANTS[text]
    if WHOLE.fullmatch(text):
        return _whole(text)
    if REAL.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError(f"a number of more than {DIGITS} digits")
    return int(digits)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands there twice")
    return content


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _check_text(text: str) -> None:
    text.encode()  # refuses half characters with a ValueError
    if "\0" in text:
        raise ValueError("a zero byte")


def _check(content: object, deep: bool) -> None:
    """Depth, and where `deep` the characters of all texts. Errors: ValueError."""
    level, depth = [content], 0
    while level:
        depth += 1
        if depth > DEPTH:
            raise ValueError(f"nested more than {DEPTH} levels deep")
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
                if deep:
                    below.extend(value)
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str) and deep:
                value.encode()
        level = below


def _parts(value: object, room: int) -> Iterator[str]:
    """The representation of lists and mappings, no more of it than there is room for."""
    if isinstance(value, dict | list | tuple):
        pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        yield "{" if isinstance(value, dict) else "["
        used = 1
        for number, (key, item) in enumerate(pairs):
            if used > room:
                break
            for part in (", " if number else "", f"{shown(key)}: " if isinstance(value, dict) else ""):
                used += len(part)
                yield part
            for part in _parts(item, room - used):
                used += len(part)
                yield part
        yield "}" if isinstance(value, dict) else "]"
    else:
        yield shown(value) if isinstance(value, str | int | float | None) else repr(value)[: room + 1]


class _Loader(yaml.SafeLoader):
    """YAML without anchors, aliases, tags and duplicate keys, whose plain scalars are those of JSON."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.YAMLError("anchors and aliases are not taken; write the value again")
        if getattr(event, "tag", None):
            raise yaml.YAMLError("tags are not taken")
        self.depth += 1
        if self.depth > DEPTH:
            raise yaml.YAMLError(f"nested more than {DEPTH} levels deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and implicit[0]:
            return PLAIN
        return super().resolve(kind, value, implicit)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        content: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | None) or key in content:
                raise yaml.YAMLError("a key stands there twice, or is no word")
            content[key] = self.construct_object(value_node, deep=deep)
        return content


PLAIN = "tag:semlink,plain"
_Loader.add_constructor(PLAIN, lambda loader, node: _scalar(node.value))


class _Dumper(yaml.SafeDumper):
    """Quotes every text that YAML 1.1 or `_Loader` would take for something else, and writes no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """A text; between double quotes with the line ends of Unicode in it, which PyYAML loses between single ones."""
    style = '"' if set(text) & set("\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(f"^(?:{REAL.pattern})$"), list("-+.0123456789"))
