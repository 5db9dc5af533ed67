"""A registry maps names to classes; here is how an entry is found, checked and built.

A component is written on the command line and in recipes as `name` or `name:field=value,field=value`
(`rayleigh:coherence=symbol,csi=estimated`), or as a mapping with a `name` and its fields. The first field may be given
as its value alone (`digital:webp`).
"""

import dataclasses
import difflib
import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from semlink.errors import UnknownName, WrongField
from semlink.untrusted import cut, scalar_of, shown, spelled, value_of

T = TypeVar("T")
FIRST = ""  # how `parse` calls a field that was given as its value alone; `check_fields` knows its name


class Registry(Mapping[str, T]):
    """Entries by name. The module of an entry is loaded when the entry is first used, so that names cost nothing.

    In: kind: what the entries are, for error sentences ("channel"). entries: name -> "module:class".
    """

    def __init__(self, kind: str, entries: Mapping[str, str]) -> None:
        self.kind = kind
        self._places = dict(entries)
        self._loaded: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            module, _, attribute = self._places[name].partition(":")
            self._loaded[name] = getattr(importlib.import_module(module), attribute)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def place_of(self, name: str) -> str:
        """Where an entry is defined: "module:class"."""
        return self._places[name]

    def name_of(self, entry: object) -> str | None:
        """The name of a class that is an entry, or None."""
        place = f"{getattr(entry, '__module__', '')}:{getattr(entry, '__qualname__', '')}"
        return next((name for name, known in self._places.items() if known == place), None)


def parse(text: str) -> tuple[str, dict[str, object]]:
    """Splits `name:field=value,...` into the name and its fields; values are read by `value_of`.

    Errors: WrongField when a field other than the first has no `=`, stands there twice, or has no readable value.
    """
    name, _, rest = text.partition(":")
    fields: dict[str, object] = {}
    for number, part in enumerate(filter(None, (part.strip() for part in rest.split(",")))):
        field, equals, value = part.partition("=") if number or "=" in part else (FIRST, "=", part)
        if not equals:
            raise WrongField(f'"{cut(part)}" in "{cut(text)}" is not a field; write it as field=value.')
        if field.strip() in fields:
            raise WrongField(f'"{cut(text)}" gives the field "{cut(field.strip())}" twice; give it once.')
        try:
            closed = value.rstrip()[-1:] in ("]", "}", '"', "'")  # a file may be called [draft].txt
            fields[field.strip()] = value_of(value) if closed else scalar_of(value)
        except ValueError as error:
            raise WrongField(
                f'The value of "{cut(field)}" in "{cut(text)}" cannot be read; write a number or a word.'
            ) from error
    return name.strip(), fields


def choose(kind: str, table: Mapping[str, T], name: str) -> T:
    """The entry of that name.

    Errors: UnknownName, which lists the names there are.
    """
    if name not in table:
        near = _nearest(name, table)
        raise UnknownName(f'There is no {kind} "{cut(name)}".{near} Choose one of: {_listing(table)}.')
    return table[name]


def build(kind: str, table: Mapping[str, Callable[..., T]], name: str, fields: Mapping[str, object]) -> T:
    """Builds entry `name` of a registry from its fields, which are checked before the constructor sees them.

    In:     kind: what the registry holds, for the error sentence ("channel").
    Errors: UnknownName; WrongField when a field is unknown, missing, or of the wrong type.
    """
    return choose(kind, table, name)(**check_fields(kind, name, table[name], fields))


def check_fields(kind: str, name: str, make: Callable[..., object], fields: Mapping[str, object]) -> dict[str, object]:
    """The fields with their values converted to the types that the constructor `make` declares.

    Errors: WrongField.
    """
    known = fields_of(make)
    if FIRST in fields and known:
        if (first := next(iter(known))) in fields:
            raise WrongField(f'{kind} "{name}" is given its field "{first}" twice; give it once.')
        fields = {first if field == FIRST else field: value for field, value in fields.items()}
    for field in fields:
        if field not in known:
            listing = _listing(known) or "none"
            near = _nearest(field, known)
            raise WrongField(f'{kind} "{name}" has no field "{cut(field)}".{near} Its fields: {listing}.')
    missing = [field for field, (_, default) in known.items() if default is inspect.Parameter.empty]
    for field in missing:
        if field not in fields:
            raise WrongField(f'{kind} "{name}" needs the field "{field}"; give it as {name}:{field}=VALUE.')
    checked: dict[str, object] = {}
    for field, value in fields.items():
        try:
            config = None if dataclasses.is_dataclass(known[field][0]) else ConfigDict(arbitrary_types_allowed=True)
            checked[field] = _converted(TypeAdapter(known[field][0], config=config), value)
        except ValidationError as error:
            raise WrongField(f'{kind} "{name}" cannot take {field}={shown(value)}: {reason_of(error)}.') from error
    return checked


def _converted(adapter: TypeAdapter[Any], value: object) -> object:
    """A value as the type of its field; what was read as a number is a text again where the field takes no number.

    Errors: ValidationError.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError:
        if not isinstance(value, bool | int | float):
            raise
        try:
            return adapter.validate_python(spelled(value))
        except ValidationError:
            pass
        raise


def reason_of(error: ValidationError) -> str:
    """What a value should be, without a full stop; where there are several ways to be right, all of them."""
    details = error.errors(include_url=False)
    if details[0]["type"] == "string_pattern_mismatch":
        return "use lower-case letters, digits and hyphens, and begin with a letter or digit"
    reasons = dict.fromkeys(str(detail["msg"]).removeprefix("Value error, ").rstrip(".") for detail in details)
    first, *others = (reason.partition(", unable to parse")[0] for reason in reasons)
    listed = " or ".join([first, *(reason.removeprefix("Input should be ") for reason in others)])
    return cut(listed.replace("a valid integer", "a whole number"), 300)


def fields_of(make: Callable[..., object]) -> dict[str, tuple[Any, object]]:
    """Name, type and default of each field that a constructor takes, in their order.

    A class whose constructor takes more, or less, than a user chooses says so itself in a class method `own_fields`.
    """
    if callable(own_fields := getattr(make, "own_fields", None)):
        return dict(own_fields())
    if dataclasses.is_dataclass(make):
        hints = get_type_hints(make)
        found = {}
        for field in dataclasses.fields(make):
            default = field.default if field.default is not dataclasses.MISSING else inspect.Parameter.empty
            if field.default_factory is not dataclasses.MISSING:
                default = field.default_factory()
            found[field.name] = (hints[field.name], default)
        return found
    hints = get_type_hints(make.__init__ if inspect.isclass(make) else make)
    parameters = inspect.signature(make).parameters.values()
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return {p.name: (hints.get(p.name, Any), p.default) for p in named}


def canonical(name: str, make: Callable[..., object], fields: Mapping[str, object]) -> str:
    """The one way to write a component: its name and the fields that differ from their defaults, in order.

    A whole number is written without a point, whatever the type of its field.
    """
    told = []
    for field, (_, default) in fields_of(make).items():
        value = fields.get(field, default)
        if value != default:
            told.append(f"{field}={int(value) if isinstance(value, float) and value.is_integer() else value}")
    return f"{name}:{','.join(told)}" if told else name


def _nearest(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(cut(name), list(names), n=1)
    return f' Did you mean "{close[0]}"?' if close else ""


def _listing(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
