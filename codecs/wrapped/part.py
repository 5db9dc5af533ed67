"""One of the two parts of a wrapped codec: how a fresh module of it is made, and what a user can choose about it."""

import copy
import inspect
import traceback
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import torch
from torch import nn

from semlink.errors import CodecError, WrongField
from semlink.registry import fields_of

GIVEN = ("height", "width", "channels", "classes", "variational")  # what semlink knows and hands over by these names
PLAIN = (int, float, bool, str, type(None))
LIBRARIES = (Path(torch.__file__).parent, Path(__file__).parent)


@dataclass(frozen=True)
class Part:
    """The encoder or the decoder of a wrapped codec.

    role:   "encoder" or "decoder", for error sentences.
    make:   from `given` and `fields` to a module whose weights are fresh, drawn from torch's global stream.
    given:  the names among `GIVEN` that it takes. fields: name, type and default of each parameter of its own.
    """

    role: str
    make: Callable[..., nn.Module]
    given: tuple[str, ...]
    fields: Mapping[str, tuple[Any, object]]

    @classmethod
    def of(cls, role: str, made_by: object) -> "Part":
        """From a class of modules, a function that returns one, or a module that can be made anew.

        Errors: WrongField when it is none of these, or its parameters cannot be fields of a recipe.
        """
        if isinstance(made_by, nn.Module):
            return cls(role, _renewal_of(role, made_by), (), {})
        if not callable(made_by):
            raise WrongField(
                f"wrap cannot take {made_by!r:.60} as its {role}; give a class of torch modules, a function that "
                "returns one, or a module."
            )
        try:
            parameters = fields_of(made_by)
        except (NameError, TypeError, ValueError) as error:
            raise WrongField(
                f"The types of the {role}'s parameters cannot be read ({error}); name plain types."
            ) from error
        given, fields = [], {}
        for name, (kind, default) in parameters.items():
            if name in GIVEN:
                _check_given(role, name, default)
                given.append(name)
            else:
                fields[name] = _field(role, name, kind, default), default
        return cls(role, made_by, tuple(given), fields)

    def built(self, values: Mapping[str, object]) -> nn.Module:
        """A fresh module. In: values: of all fields and of what is given. Errors: CodecError when it cannot be made."""
        chosen = {name: values[name] for name in (*self.given, *self.fields)}
        try:
            module = self.make(**chosen)
        except Exception as error:
            told = ", ".join(f"{name}={value!r}" for name, value in chosen.items())
            raise CodecError(f"The {self.role} cannot be made with {told or 'no values'}: {reason(error)}.") from error
        if not isinstance(module, nn.Module):
            raise CodecError(f"The {self.role} was made as a {type(module).__name__}; return a torch module.")
        return module


def reason(error: BaseException) -> str:
    """What went wrong in a user's own code, and in which line of it; without a full stop."""
    told = " ".join(str(error).split())[:300].rstrip(".")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _of_a_library(Path(frame.filename))]
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {told}{place}"


def _of_a_library(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in LIBRARIES)


def _renewal_of(role: str, module: nn.Module) -> Callable[[], nn.Module]:
    """Makes copies of a module with weights drawn anew. Errors: WrongField when a part of it cannot draw its own."""
    for name, part in module.named_modules():
        holds = any(True for _ in part.parameters(recurse=False))
        if holds and _reset_of(part) is None:
            raise WrongField(
                f'The {role}\'s {type(part).__name__} "{name or "itself"}" has weights and no reset_parameters(), so '
                f"it cannot be made anew for another seed; give the class of the {role}, not a module of it."
            )

    def renewed() -> nn.Module:
        fresh = copy.deepcopy(module)
        for part in fresh.modules():
            reset = _reset_of(part)
            if reset is not None:
                reset()
        return fresh

    return renewed


def _reset_of(module: nn.Module) -> Callable[[], None] | None:
    return getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)


def _check_given(role: str, name: str, default: object) -> None:
    """Errors: WrongField when it has a default: then the user may mean something else by that name."""
    if default is not inspect.Parameter.empty:
        raise WrongField(
            f'The {role} has a parameter "{name}" with the default {default!r:.40}. semlink hands over the {name} of '
            f"the data by that name: leave the default out, or call the parameter something else."
        )


def _field(role: str, name: str, kind: object, default: object) -> Any:
    """The type of a field of a recipe. Errors: WrongField when a parameter cannot be one."""
    if default is inspect.Parameter.empty:
        raise WrongField(
            f'The {role} has a parameter "{name}" without a default; give it one (semlink itself hands over '
            f"{', '.join(GIVEN)})."
        )
    if kind is Any:
        kind = type(default)
    if not _plain(kind):
        raise WrongField(
            f'The {role}\'s parameter "{name}" is of the type {getattr(kind, "__name__", kind)}, which a recipe cannot '
            "hold; use int, float, bool, str, a Literal or a tuple of these."
        )
    return kind


def _plain(kind: object) -> bool:
    if kind in PLAIN or kind is Ellipsis or kind is None:
        return True
    origin = get_origin(kind)
    return origin is Literal or (origin in (tuple, Union, types.UnionType) and all(map(_plain, get_args(kind))))
