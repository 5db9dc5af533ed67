"""What a user can choose about a wrapped codec: the sizes of its data, and the parameters of the modules."""

import math
from collections.abc import Mapping
from typing import Any

from semlink.codecs.configuration import LARGEST_REAL, LARGEST_WHOLE, LETTERS_MOST, ImageSizeConfig
from semlink.errors import WrongField
from semlink.untrusted import shown

ENTRIES_MOST = 1024  # of a list


class WrappedConfig(ImageSizeConfig):
    """The fields that every wrapped codec has; those of the user's modules come first. See `configuration_of`.

    Errors: WrongField for a value of the wrong type, a number that is not finite, and what is far too large.
    """

    @classmethod
    def check_range(cls, field: str, value: object) -> None:
        """A number of the user's may be zero or below it."""
        if field in WrappedConfig.own_fields():
            super().check_range(field, value)
        elif not _sensible(value):
            raise WrongField(f"A codec cannot take {field}={shown(value)}; give a smaller number or text.")


class WrappedClassesConfig(WrappedConfig):
    """The field that wrapped codecs which deliver classes have beside those of `WrappedConfig`.

    classes: that the receiver tells apart; by default those of the source.
    """

    classes: int = 10

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.classes < 2:
            raise WrongField(f"A codec tells at least two classes apart, not classes={self.classes}.")


def configuration_of(
    model_type: str, base: type[WrappedConfig], fields: Mapping[str, tuple[Any, object]]
) -> type[WrappedConfig]:
    """A configuration with these fields beside those of `base`.

    In:     model_type: what a stored configuration is called. fields: name, type and default of each.
    Errors: WrongField when a field is called as something that every configuration has.
    """
    for field in fields:
        if hasattr(base, field) or field.startswith("_"):
            raise WrongField(f'A codec cannot have a field "{field}", since every configuration has one; rename it.')
    names: dict[str, Any] = {"__module__": __name__, "__doc__": "See `WrappedConfig`.", "model_type": model_type}
    names |= {field: default for field, (_, default) in fields.items()}
    names["__annotations__"] = {field: kind for field, (kind, _) in fields.items()}
    made: type[WrappedConfig] = type("WrappedConfig", (base,), names)
    return made


def _sensible(value: object) -> bool:
    if isinstance(value, tuple | list):
        return len(value) <= ENTRIES_MOST and all(map(_sensible, value))
    if isinstance(value, str):
        return len(value) <= LETTERS_MOST
    if isinstance(value, int | float):
        return abs(value) <= (LARGEST_WHOLE if isinstance(value, int) else LARGEST_REAL) and math.isfinite(value)
    return value is None
