"""A recipe says all that an experiment is: source, codec, channel, training, sweep and, where wanted, an erasure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from semlink.channels import channel_name
from semlink.channels.snr import LOWEST_DB
from semlink.codecs import CODECS
from semlink.errors import RecipeError, WrongField
from semlink.registry import build, check_fields, choose, parse
from semlink.simulator.classical import classical_from
from semlink.simulator.sources import SOURCES
from semlink.simulator.sweep import SweepSettings
from semlink.simulator.training import TrainingSettings
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.methods import METHODS

Model = TypeVar("Model", bound=BaseModel)


class Component(BaseModel):
    """An entry of a registry with its fields, written `name:field=value,...` or as a mapping with `name` in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    fields: dict[str, Any] = {}

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        return {"name": self.name, **self.fields}


def _component(value: object) -> object:
    """Accepts the one-line form and the mapping {name: ..., field: value}."""
    if isinstance(value, str):
        name, fields = parse(value)
        return {"name": name, "fields": fields}
    if isinstance(value, Mapping) and "name" in value:
        return {"name": value["name"], "fields": {key: item for key, item in value.items() if key != "name"}}
    return value


class NamedMethod(Component):
    """A method, and what results call it: its name, or what a mapping says under `as`."""

    label: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        return {"name": self.name} | ({"as": self.label} if self.label != self.name else {}) | self.fields


def _named_method(value: object) -> object:
    """Accepts what a component may be written as, and `as` in a mapping."""
    found = _component(value)
    if not isinstance(found, dict):
        return value
    fields = dict(found["fields"])
    return {"name": found["name"], "label": fields.pop("as", found["name"]), "fields": fields}


def _several(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


ComponentField = Annotated[Component, BeforeValidator(_component)]
Methods = Annotated[
    tuple[Annotated[NamedMethod, BeforeValidator(_named_method)], ...], BeforeValidator(_several), Field(min_length=1)
]
SnrDb = Annotated[float, Field(ge=LOWEST_DB)]  # and so not nan


def parse_range(value: object) -> object:
    """`0:18:3` as 0, 3, ..., 18; a single number, or numbers with commas, as they stand.

    Errors: ValueError with a sentence when it is none of these.
    """
    if isinstance(value, int | float):
        return (float(value),)
    if not isinstance(value, str):
        return value
    try:
        if ":" not in value:
            return tuple(float(part) for part in value.split(","))
        low, high, *rest = (float(part) for part in value.split(":"))
        step = rest[0] if rest else 1.0
        count = round((high - low) / step)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError) as error:
        raise ValueError(f'"{value}" is no range of Es/N0 in dB; write low:high:step such as 0:18:3') from error
    if len(rest) > 1 or count < 0 or count > 10_000:
        raise ValueError(f'"{value}" is no range of Es/N0 in dB; write low:high:step such as 0:18:3')
    return tuple(low + step * index for index in range(count + 1))


class Section(BaseModel):
    """A part of a recipe. `kind`: what its fields are called in the sentence that corrects a misspelt one."""

    model_config = ConfigDict(frozen=True)
    kind: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _known(cls, content: object) -> object:
        if isinstance(content, Mapping):
            for field in content:
                choose(f"{cls.kind} field", cls.model_fields, str(field))
        return content


class SweepPlan(Section):
    """Which channels, and how finely. The other fields are those of `SweepSettings`.

    sentence_model: folder of the encoder that `sentence_similarity` needs; without one it is not measured.
    beside: classical codecs at the same channel uses, such as "digital:webp" or "limit:webp".
    judge: whether a classifier of the source's images, trained first, says what the received ones are taken for.
    """

    kind = "sweep"
    channels: tuple[str, ...] = ("awgn", "rayleigh")
    snr_db: Annotated[tuple[SnrDb, ...], BeforeValidator(parse_range)] = SweepSettings.snr_db
    beside: tuple[str, ...] = ()
    judge: bool = False
    records: int = SweepSettings.records
    draws: int = SweepSettings.draws
    half_width: float | None = SweepSettings.half_width
    batch: int = SweepSettings.batch
    sentence_model: str | None = None

    @field_validator("channels")
    @classmethod
    def _canonical(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(channel_name(name) for name in names)

    @field_validator("beside")
    @classmethod
    def _classical(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            classical_from(name)
        return names

    @model_validator(mode="after")
    def _sound(self) -> Self:
        self.settings()
        return self

    def settings(self) -> SweepSettings:
        """The part that the sweep itself needs. Errors: WrongField."""
        return SweepSettings(self.snr_db, self.records, self.draws, self.half_width, self.batch)


class ErasurePlan(Section):
    """Who asks for what to be erased, and how it is done.

    methods:      one or several (`method` says the same), each from the same original; reports dwell on the first.
    audit_snr_db: Es/N0 in dB at which audits measure.
    retrained:    how many codecs are retrained; how far they lie apart is what the seed alone makes.
    """

    kind = "erasure"
    request: dict[str, Any]
    methods: Methods = (NamedMethod(name="scu", label="scu"),)
    audits: tuple[str, ...] = ("membership",)
    audit_snr_db: SnrDb = 12.0
    retrained: int = Field(default=1, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _one_or_several(cls, content: object) -> object:
        if isinstance(content, Mapping) and "method" in content:
            if "methods" in content:
                raise ValueError("method and methods say the same; give one of them")
            return {"methods" if key == "method" else key: value for key, value in content.items()}
        return content

    @field_validator("methods")
    @classmethod
    def _methods(cls, methods: tuple[NamedMethod, ...]) -> tuple[NamedMethod, ...]:
        labels = [method.label for method in methods]
        for method in methods:
            if method.name == "retrain":
                raise ValueError("every experiment retrains as its reference anyway; choose another method")
            if re.fullmatch(r"original|retrained(-\d+)?", method.label) or labels.count(method.label) > 1:
                raise ValueError(f'"{method.label}" can name only one version; name this one with as: NAME')
            build("method", METHODS, method.name, method.fields)
        return methods

    @field_validator("audits")
    @classmethod
    def _audits(cls, audits: tuple[str, ...]) -> tuple[str, ...]:
        for text in audits:
            build("audit", AUDITS, *parse(text))
        return audits


@dataclass(frozen=True)
class RecipeTraining(TrainingSettings):
    """How a codec is trained: `TrainingSettings`, and what is mixed into the records.

    mnemonic: probability with which a record is replaced by the mnemonic code of its class; 0: none. See `MnemonicCodes`.
    codes:    where these come from: "seeded" codes repeat with the seed of training, so that whoever has the recipe has
              them too; "secret" codes are drawn anew by the operating system, and only their owner has them.
    """

    mnemonic: float = 0.0
    codes: Literal["seeded", "secret"] = "seeded"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.mnemonic < 1:
            raise WrongField(f"training cannot take mnemonic={self.mnemonic}; give a number from 0 to below 1.")
        if self.codes not in ("seeded", "secret"):
            raise WrongField(f"training cannot take codes={self.codes}; choose one of: secret, seeded.")


class Recipe(Section):
    """One experiment.

    start:   a stored codec, a folder or a name, from whose weights training starts; `codec` then names its kind.
    training: how; null: the codec that `start` names is taken as it is.
    threads: CPU threads a process uses; results are equal for equal threads.
    """

    kind = "recipe"
    experiment: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    source: ComponentField
    codec: ComponentField
    start: str | None = None
    channel: str = "awgn"
    training: RecipeTraining | None = RecipeTraining()
    seed: int = Field(default=0, ge=0, lt=2**63)
    threads: int = Field(default=1, ge=1)
    sweep: SweepPlan = SweepPlan()
    erasure: ErasurePlan | None = None

    @field_validator("source")
    @classmethod
    def _source(cls, source: Component) -> Component:
        build("source", SOURCES, source.name, source.fields)
        return source

    @field_validator("codec")
    @classmethod
    def _codec(cls, codec: Component) -> Component:
        check_fields("codec", codec.name, choose("codec", CODECS, codec.name), codec.fields)
        return codec

    @field_validator("training", mode="before")
    @classmethod
    def _training(cls, value: object) -> object:
        if isinstance(value, Mapping):
            for field in value:
                choose("training field", RecipeTraining.__dataclass_fields__, str(field))
        return value

    @field_validator("channel")
    @classmethod
    def _canonical(cls, name: str) -> str:
        return channel_name(name)

    @model_validator(mode="after")
    def _beginning(self) -> Self:
        if self.training is None and self.start is None:
            raise ValueError("without training there has to be a stored codec to begin with; name one under start")
        if self.start is not None and self.erasure is not None:
            raise ValueError(
                "a codec that starts from another cannot be retrained from nothing; erase from that other one"
            )
        if "reconstruction" not in CODECS[self.codec.name].traits and (self.sweep.beside or self.sweep.judge):
            raise ValueError(
                "a codec that rebuilds nothing leaves nothing to compare or judge; leave out beside and judge"
            )
        return self

    def text(self) -> str:
        """The recipe with every default filled in, as YAML."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def component_from(text: str) -> Component:
    """A component as the command line writes it: `name` or `name:field=value,...`. Errors: WrongField."""
    name, fields = parse(text)
    return Component(name=name, fields=fields)


def plan_from(channels: Sequence[str], snr: str, beside: Sequence[str], overrides: Sequence[str]) -> SweepPlan:
    """A sweep plan as the command line writes it. Errors: RecipeError, UnknownName, WrongField."""
    given = {"channels": list(channels), "snr_db": snr, "beside": list(beside)}
    return _checked(SweepPlan, override(given, overrides), "of the command line")


def packaged_recipes() -> list[str]:
    """Names of the recipes that come with semlink; those in a folder have its name before theirs."""
    folder = resources.files("semlink.experiments") / "recipes"
    return sorted(_recipes_in(folder, ""))


def _recipes_in(folder: Traversable, before: str) -> Iterator[str]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _recipes_in(item, f"{before}{item.name}/")
        elif item.name.endswith(".yaml"):
            yield before + item.name.removesuffix(".yaml")


def parse_seeds(text: str) -> list[int]:
    """`0,1,2` as numbers. Errors: RecipeError when one is none, or stands there twice."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts) or len(set(map(int, parts))) < len(parts):
        raise RecipeError(f'--seeds "{text}" are no seeds; write different whole numbers such as 0,1,2.')
    return [int(part) for part in parts]


def over_seeds(recipe: Recipe, seeds: Sequence[int]) -> list[Recipe]:
    """The same experiment with each of several seeds, named `NAME-seed-0` and so on; reports draw them together."""
    if len(seeds) < 2:
        return [recipe.model_copy(update={"seed": seed}) for seed in seeds]
    return [
        recipe.model_copy(update={"experiment": f"{recipe.experiment}-seed-{seed}", "seed": seed}) for seed in seeds
    ]


def load_recipe(name: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Reads a recipe from a file, or one that comes with semlink by its name, and applies `key=value` overrides.

    Errors: RecipeError when there is no such recipe, it is not YAML, or a field is unknown or has a wrong value.
    """
    path = Path(name)
    if path.is_file():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"The recipe {path} cannot be read as UTF-8 text.") from error
    elif str(name) in packaged_recipes():
        text = (resources.files("semlink.experiments") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        known = ", ".join(packaged_recipes())
        raise RecipeError(f"There is no recipe {name}; give the path of a YAML file, or one of: {known}.")
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"The recipe {name} is not valid YAML; check its indentation and quotes.") from error
    if not isinstance(content, dict):
        raise RecipeError(f"The recipe {name} must be a mapping of fields such as experiment, source and codec.")
    return recipe_from(override(content, overrides), str(name))


def override(content: dict[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """Sets dotted keys: `training.steps=200` in a copy of nested mappings. Errors: RecipeError without `=`."""
    result = dict(content)
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise RecipeError(f'"{assignment}" is not an override; write it as key=value, such as training.steps=200.')
        *parents, last = key.split(".")
        target = result
        for parent in parents:
            inner = target.get(parent)
            if isinstance(inner, str):
                component, fields = parse(inner)
                inner = {"name": component, **fields}
            inner = dict(inner) if isinstance(inner, Mapping) else {}
            target[parent] = inner
            target = inner
        try:
            target[last] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise RecipeError(
                f'The value in "{assignment}" cannot be read; write a number, a word or a list.'
            ) from error
    return result


def recipe_from(content: Mapping[str, Any], name: str) -> Recipe:
    """A recipe from plain data. Errors: RecipeError, which names the first field that is wrong."""
    return _checked(Recipe, content, name)


def _checked(model: type[Model], content: Mapping[str, Any], name: str) -> Model:
    try:
        return model.model_validate(dict(content))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith("function-"))
        reason = first["msg"].removeprefix("Value error, ").rstrip(".")
        where = f' at "{place}"' if place else ""
        raise RecipeError(f"The recipe {name} is wrong{where}: {reason}.") from error
