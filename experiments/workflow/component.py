"""A component as users write it: an entry of a registry with its fields, in one line or as a mapping."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_serializer

from semlink.registry import parse


class Component(BaseModel):
    """An entry of a registry with its fields, written `name:field=value,...` or as a mapping with `name` in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    fields: dict[str, Any] = {}

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        return {"name": self.name, **self.fields}


class NamedMethod(Component):
    """An unlearning method, and the label of its rows: its name, or what a mapping says under `as`."""

    label: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        return {"name": self.name} | ({"as": self.label} if self.label != self.name else {}) | self.fields


def component_from(text: str) -> Component:
    """A component as the command line writes it: `name` or `name:field=value,...`. Errors: WrongField."""
    name, fields = parse(text)
    return Component(name=name, fields=fields)


def _component(value: object) -> object:
    """Accepts the one-line form and the mapping {name: ..., field: value}."""
    if isinstance(value, str):
        name, fields = parse(value)
        return {"name": name, "fields": fields}
    if isinstance(value, Mapping) and "name" in value:
        return {"name": value["name"], "fields": {key: item for key, item in value.items() if key != "name"}}
    return value


def _named_method(value: object) -> object:
    """Accepts what a component may be written as, and `as` in a mapping."""
    component = _component(value)
    if not isinstance(component, dict) or not isinstance(component.get("fields"), dict):
        return value
    fields = dict(component["fields"])
    return {"name": component["name"], "label": fields.pop("as", component["name"]), "fields": fields}


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


ComponentField = Annotated[Component, BeforeValidator(_component)]
MethodFields = Annotated[
    tuple[Annotated[NamedMethod, BeforeValidator(_named_method)], ...], BeforeValidator(_as_list), Field(min_length=1)
]
