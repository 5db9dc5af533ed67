"""A registry maps names to classes; here is how an entry is found, checked and built.

A component is written on the command line and in recipes as `name` or `name:field=value,field=value`
(`rayleigh:coherence=symbol,csi=estimated`), or as a mapping with a `name` and its fields. The first field may be given
as its value alone (`digital:webp`).
"""

import dataclasses
import difflib
import hashlib
import importlib
import inspect
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from semlink.errors import PluginError, UnknownName, WrongField
from semlink.untrusted import cut, scalar_of, shown, spelled, value_of

T = TypeVar("T")
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
MAIN = {"__main__", "__mp_main__"}  # modules of scripts and notebooks
FIRST = ""  # how `parse` calls a field that was given as its value alone; `check_fields` knows its name


@dataclass(frozen=True)
class Plugin:
    """Where an entry comes from that is not semlink's own.

    name: of its file or script ("rain.py"), of its package ("semlink-rain 1.0"), of its module, or "a notebook".
    digest: "sha256:..." over the source that defines it; empty where there is none to be read.
    path: of the file, where it was loaded as one.
    """

    name: str
    digest: str
    path: Path | None = None

    def record(self) -> dict[str, str]:
        """What run folders and bundles hold of it."""
        return {"name": self.name, "digest": self.digest}


ORIGIN: ContextVar[Plugin | None] = ContextVar("origin", default=None)  # the plug-in file that is being run


class Registry(Mapping[str, T]):
    """Entries by name: those of semlink, those that were registered, and those of installed packages.

    The module of an entry is loaded when the entry is first used, so that names cost nothing. Installed packages are
    looked at only when a name is not found otherwise, or when all are listed.

    In: kind: what the entries are, for error sentences ("channel"). entries: name -> "module:class".
        contract: "module:class" from which every entry from outside has to derive; "": none can come from outside.
    """

    def __init__(self, kind: str, entries: Mapping[str, str], contract: str = "") -> None:
        self.kind = kind
        self._places = dict(entries)
        self._loaded: dict[str, T] = {}
        self._contract = contract
        self._added: dict[str, tuple[T, Plugin]] = {}
        self._installed: dict[str, EntryPoint] | None = None
        self._told: set[str] = set()

    def __getitem__(self, name: str) -> T:
        """An entry. Errors: PluginError when it comes from an installed package and is none."""
        if name in self._added:
            return self._added[name][0]
        if name not in self._loaded:
            if name in self._places:
                self._loaded[name] = _at(self._places[name])
            else:
                self._loaded[name] = self._from_package(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._places, *self._added, *self._packages())))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._places or name in self._added or name in self._packages()

    def register(self, name: str, entry: T, plugin: Plugin | None = None) -> None:
        """Adds an entry of a plug-in, after checking it against the contract of its kind.

        In:     plugin: where it comes from; None: the file that is being run, or the module of the class.
        A class of a script or notebook may be registered again, as happens when a cell is run twice; any other name
        that is taken is refused.
        Errors: PluginError.
        """
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise PluginError(
                f"The name {shown(name)} of a {self.kind} cannot be used; write lower-case letters, digits and "
                "hyphens, and begin with a letter or digit."
            )
        if name in self._places:
            raise PluginError(f'semlink has a {self.kind} "{name}" of its own; give yours another name.')
        self._check(name, entry)
        if name in self._added and not _same(self._added[name][0], entry):
            raise PluginError(
                f'There is a {self.kind} "{name}" already, of {self._added[name][1].name}; give yours another name.'
            )
        self._added[name] = entry, plugin or ORIGIN.get() or plugin_of(entry)

    def remove(self, plugin: Plugin) -> None:
        """Takes out what a plug-in added."""
        self._added = {name: added for name, added in self._added.items() if added[1] != plugin}

    def plugin(self, name: str) -> Plugin | None:
        """Where an entry comes from; None for one of semlink's own. Errors: PluginError, as when it is looked up."""
        if name in self._added:
            return self._added[name][1]
        if name in self._places or name not in self._packages():
            return None
        found = plugin_of(self[name])
        return Plugin(_package_of(self._packages()[name]), found.digest)

    def own(self) -> Sequence[str]:
        """The names of semlink's own entries."""
        return tuple(self._places)

    def added(self) -> Mapping[str, tuple[T, Plugin]]:
        """The entries that were registered in this process, and where each comes from."""
        return dict(self._added)

    def usable(self) -> dict[str, T]:
        """Every entry, loaded. One of an installed package that cannot be loaded is left out, and told once."""
        found: dict[str, T] = {}
        for name in self:
            try:
                found[name] = self[name]
            except PluginError as error:
                if name not in self._told:
                    logging.getLogger(__name__).warning("%s", error)
                self._told.add(name)
        return found

    def place_of(self, name: str) -> str:
        """Where an entry is defined: "module:class"."""
        if name in self._places:
            return self._places[name]
        return _place(self._added[name][0]) if name in self._added else self._packages()[name].value

    def name_of(self, entry: object) -> str | None:
        """The name of a class that is an entry, or None."""
        place = _place(entry)
        known = next((name for name, there in self._places.items() if there == place), None)
        if known is None:
            known = next((name for name, (added, _) in self._added.items() if added is entry), None)
        if known is None and getattr(entry, "__module__", "").partition(".")[0] != "semlink":
            known = next((name for name, point in self._packages().items() if point.value == place), None)
        return known

    def _packages(self) -> "dict[str, EntryPoint]":
        """The entries of installed packages, by their names."""
        if self._installed is None:
            found = _entry_points(f"semlink.{self.kind}s") if self._contract else {}
            for name in found.keys() & self._places.keys():
                told = 'The %s "%s" of %s is not used: semlink has its own.'
                logging.getLogger(__name__).warning(told, self.kind, name, _package_of(found.pop(name)))
            self._installed = found
        return self._installed

    def _from_package(self, name: str) -> T:
        """Loads an entry of an installed package. Errors: KeyError; PluginError."""
        point = self._packages()[name]
        whose = f'The {self.kind} "{name}" of the installed package {_package_of(point)}'
        try:
            entry: T = point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever the code of a stranger raises, exit() included
            raise PluginError(
                f"{whose} cannot be loaded ({cut(reason(error), 200)}); repair or remove that package."
            ) from error
        try:
            self._check(name, entry)
        except PluginError as error:
            raise PluginError(f"{whose} cannot be used: {error}") from error
        return entry

    def _check(self, name: str, entry: object) -> None:
        """Checks that a class fulfils the contract of its kind. Errors: PluginError, which says what is missing."""
        if not self._contract:
            raise PluginError(f"A {self.kind} cannot be added from outside; there is no contract for it.")
        contract: type[Any] = _at(self._contract)
        whose = f'The {self.kind} "{name}"'
        if not inspect.isclass(entry) or not issubclass(entry, contract):
            what = entry.__qualname__ if inspect.isclass(entry) else shown(entry)
            raise PluginError(f"{whose} has to be a class that derives from sl.{contract.__name__}; {what} does not.")
        made: Any = entry
        hints = {field: hint for base in made.__mro__ for field, hint in inspect.get_annotations(base).items()}
        fields = {field for field, hint in hints.items() if get_origin(hint) is ClassVar}
        if "name" in fields and made.__dict__.get("name", name) != name:
            raise PluginError(f'{whose} calls itself "{cut(made.name)}"; give one of the two names.')
        lacking = sorted(getattr(entry, "__abstractmethods__", ()))
        lacking += sorted(field for field in fields - {"name"} if not hasattr(made, field))
        if lacking:
            raise PluginError(
                f"{whose} lacks {', '.join(lacking)}; see the class sl.{contract.__name__} for what {_each(lacking)}."
            )
        if callable(fault := getattr(entry, "fault", None)) and (told := fault()):
            raise PluginError(f"{whose} {told}")
        try:
            fields_of(entry)
        except Exception as error:  # hints that cannot be resolved raise whatever they like
            raise PluginError(
                f"The types of the fields of {whose[0].lower()}{whose[1:]} cannot be read ({cut(reason(error), 200)}); "
                "write types that are imported in its file."
            ) from error
        if "name" in fields:  # methods and audits know theirs
            made.name = name


def plugin_of(entry: object) -> Plugin:
    """Where a class comes from that no plug-in file or package stands for: a script, a notebook, or its module."""
    module = getattr(entry, "__module__", "")
    try:
        source = inspect.getsource(cast(Any, entry)) if module in MAIN else inspect.getsource(sys.modules[module])
    except (KeyError, OSError, TypeError):
        source = ""
    digest = f"sha256:{hashlib.sha256(source.encode()).hexdigest()}" if source else ""
    script = getattr(sys.modules["__main__"], "__file__", None)
    here = Path(script).name if script else "a notebook"
    return Plugin(here if module in MAIN else module, digest)


def reason(error: BaseException) -> str:
    """An error of somebody else's code in one line: "NameError: name 'x' is not defined"."""
    return ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))


def _at(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _place(entry: object) -> str:
    return f"{getattr(entry, '__module__', '')}:{getattr(entry, '__qualname__', '')}"


def _same(one: object, other: object) -> bool:
    """Whether a class is another one, or the same one of a script or notebook, defined again."""
    module, place = _place(one).split(":")
    again, there = _place(other).split(":")
    return one is other or (place == there and {module, again} <= MAIN)


def _each(lacking: Sequence[str]) -> str:
    return "it is" if len(lacking) == 1 else "each is"


def _package_of(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _entry_points(group: str) -> dict[str, EntryPoint]:
    """What installed packages offer in a group. Of two with one name, the first that Python finds is taken."""
    try:
        found = list(entry_points(group=group))
    except Exception as error:  # the metadata of some package are damaged
        logging.getLogger(__name__).warning("Installed plug-ins cannot be looked for: %s", reason(error))
        return {}
    first: dict[str, EntryPoint] = {}
    for point in found:
        if first.setdefault(point.name, point).value != point.value:
            told = '"%s" of %s is not used: %s offers that name in %s too.'
            taken = _package_of(first[point.name])
            logging.getLogger(__name__).warning(told, point.name, _package_of(point), taken, group)
    return first


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
    check_known(kind, name, known, fields)
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


def check_known(kind: str, name: str, known: Iterable[str], given: Iterable[str]) -> None:
    """Checks that an entry has every field that it is given. Errors: WrongField, which lists the fields there are."""
    fields = list(known)
    for field in given:
        if field not in fields:
            raise WrongField(
                f'{kind} "{name}" has no field "{cut(field)}".{_nearest(field, fields)} '
                f"Its fields: {_listing(fields) or 'none'}."
            )


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
    listed = listed.replace("a valid integer", "a whole number").replace(f" for {Path}", "")
    return cut(listed, 300)


def fields_of(make: Callable[..., object]) -> dict[str, tuple[Any, object]]:
    """Name, type and default of each field that a constructor takes, in their order.

    A class whose constructor takes more, or less, than a user chooses says so itself in a class method `own_fields`.
    """
    if callable(own_fields := getattr(make, "own_fields", None)):
        return dict(own_fields())
    if dataclasses.is_dataclass(make):
        hints = get_type_hints(make)
        found = {}
        for field in sorted(dataclasses.fields(make), key=lambda field: bool(field.kw_only)):
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
