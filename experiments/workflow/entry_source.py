"""What a registry entry says of itself, read from its source: a list of channels then needs no torch."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import semlink

REQUIRED = ast.Constant(...)  # marks a field without a default


@dataclass(frozen=True)
class EntryText:
    """summary: first line of the documentation. fields: name and default of each; `...` where there is none."""

    summary: str
    fields: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class _Class:
    """A class in the source: its node, and its module."""

    node: ast.ClassDef
    module: str


def read_entry(place: str) -> EntryText | None:
    """The text of an entry, given as "module:class".

    None where the source does not show it: an entry outside semlink, one that builds its fields, or a default that is
    no literal. Then the class has to be loaded.
    """
    found = _find(*place.split(":"))
    if found is None:
        return None
    summary = (ast.get_docstring(found.node) or "").split("\n")[0]
    try:
        return EntryText(summary, tuple((name, ast.literal_eval(default)) for name, default in _fields(found)))
    except (ValueError, LookupError):
        return None


def _fields(found: _Class) -> Iterator[tuple[str, ast.expr]]:
    """The parameters of the constructor. Errors: LookupError, where it cannot be read."""
    lineage = list(_lineage(found))
    if any(
        isinstance(node, ast.FunctionDef) and node.name == "own_fields" for each in lineage for node in each.node.body
    ):
        raise LookupError("it builds its fields")
    shared = [each for each in lineage[1:] if _is_dataclass(each)]
    if shared:
        if not all("kw_only=True" in ast.unparse(each.node.decorator_list[0]) for each in shared):
            raise LookupError("it has the fields of several classes")
        yield from _with_shared(lineage[0], shared)
        return
    for each in lineage:
        methods = {node.name: node for node in each.node.body if isinstance(node, ast.FunctionDef)}
        if "__init__" in methods:
            given = methods["__init__"].args
            if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs:
                raise LookupError("its parameters are of several kinds")
            names = [argument.arg for argument in given.args[1:]]
            defaults = [*[REQUIRED] * (len(names) - len(given.defaults)), *given.defaults]
            yield from zip(names, defaults, strict=True)
            return
        if _is_dataclass(each):
            yield from _declared(each)
            return


def _declared(found: _Class) -> Iterator[tuple[str, ast.expr]]:
    """The fields that a dataclass itself declares."""
    for node in found.node.body:
        if isinstance(node, ast.AnnAssign) and "ClassVar" not in ast.unparse(node.annotation):
            yield ast.unparse(node.target), node.value or REQUIRED


def _with_shared(found: _Class, shared: Sequence[_Class]) -> Iterator[tuple[str, ast.expr]]:
    """The fields of a dataclass whose bases have keyword-only ones: these follow its own, unless it has only such."""
    own = dict(_declared(found))
    inherited = {name: default for each in reversed(shared) for name, default in _declared(each)}
    if "kw_only=True" in ast.unparse(found.node.decorator_list[0]):
        yield from {**inherited, **own}.items()
    else:
        yield from {**{name: own[name] for name in own if name not in inherited}, **inherited, **own}.items()


def _is_dataclass(found: _Class) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in found.node.decorator_list)


def _lineage(found: _Class) -> Iterator[_Class]:
    """A class and the first bases of it that are in semlink."""
    current: _Class | None = found
    while current is not None:
        yield current
        named = [base.value if isinstance(base, ast.Subscript) else base for base in current.node.bases]
        bases = [base.id for base in named if isinstance(base, ast.Name)]
        current = _find(current.module, bases[0]) if bases else None


def _find(module: str, name: str) -> _Class | None:
    """A class by its name in a module, or where that module has it from; None where that is not in semlink."""
    tree = _tree(module)
    for node in tree.body if tree else ():
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _Class(node, module)
        if isinstance(node, ast.ImportFrom) and node.module and name in [alias.name for alias in node.names]:
            return _find(node.module, name)
    return None


@cache
def _tree(module: str) -> ast.Module | None:
    package, *parts = module.split(".")
    file = Path(semlink.__file__).parent.joinpath(*parts).with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8")) if package == "semlink" and file.is_file() else None
