"""A recipe says all that an experiment is: source, codec, channel, training, sweep and, where wanted, an erasure."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from semlink.channels import CHANNELS, channel_name
from semlink.codecs import STORED
from semlink.errors import RecipeError, WrongField
from semlink.experiments.workflow.component import Component, ComponentField, MethodFields, NamedMethod
from semlink.experiments.workflow.known_names import check_recipe
from semlink.experiments.workflow.snr_range import SnrDb, SnrPoints
from semlink.progress import tell_loading
from semlink.registry import build, check_fields, choose, parse, reason_of
from semlink.simulator.sources import SOURCES
from semlink.simulator.sweep_settings import SweepSettings
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.audits import AUDITS
from semlink.unlearning.methods import METHODS
from semlink.untrusted import cut, yaml_text

Model = TypeVar("Model", bound=BaseModel)
RECORDED_WITH_PLUGINS = "recorded with plug-ins"  # in the context of a validation


class Section(BaseModel):
    """A part of a recipe. title: what its fields are called in the sentence that corrects a misspelt one."""

    model_config = ConfigDict(frozen=True)
    title: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _known(cls, content: object) -> object:
        if isinstance(content, Mapping):
            for field in content:
                choose(f"{cls.title} field", cls.model_fields, str(field))
        return content


class SweepPlan(Section):
    """Which channels, and how finely. The other fields are those of `SweepSettings`.

    sentence_model: folder of the encoder that `sentence_similarity` needs; without one it is not measured.
    baselines: classical codecs at the same channel uses, such as "digital:webp" or "limit:webp".
    image_classifier: whether a classifier of the source's images, trained first, names the class of the received ones.
    """

    title = "sweep"
    channels: tuple[str, ...] = ("awgn", "rayleigh")
    snr_db: SnrPoints = SweepSettings.snr_db
    baselines: tuple[str, ...] = ()
    image_classifier: bool = False
    records: int = SweepSettings.records
    draws: int = SweepSettings.draws
    half_width: float | None = SweepSettings.half_width
    batch: int = SweepSettings.batch
    sentence_model: str | None = None

    @field_validator("channels")
    @classmethod
    def _canonical(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not names:
            raise ValueError("name at least one channel, such as awgn")
        return tuple(channel_name(name) if _is_checked(CHANNELS, parse(name)[0], info) else name for name in names)

    @field_validator("baselines")
    @classmethod
    def _classical(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            from semlink.simulator.classical import classical_from  # here, since it loads torch

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

    title = "erasure"
    request: dict[str, Any]
    methods: MethodFields = (NamedMethod(name="scu", label="scu"),)
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
    def _methods(cls, methods: tuple[NamedMethod, ...], info: ValidationInfo) -> tuple[NamedMethod, ...]:
        labels = [method.label for method in methods]
        for method in methods:
            if method.name == "retrain":
                raise ValueError("every experiment retrains as its reference anyway; choose another method")
            if re.fullmatch(r"original|retrained(-\d+)?", method.label) or labels.count(method.label) > 1:
                raise ValueError(f'"{method.label}" can name only one version; name this one with as: NAME')
            if _is_checked(METHODS, method.name, info):
                build("method", METHODS, method.name, method.fields)
        return methods

    @field_validator("audits")
    @classmethod
    def _audits(cls, audits: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for name, fields in map(parse, audits):
            if _is_checked(AUDITS, name, info):
                build("audit", AUDITS, name, fields)
        return audits


@dataclass(frozen=True)
class RecipeTraining(TrainingSettings):
    """How a codec is trained: `TrainingSettings`, and what is mixed into the records.

    mnemonic: probability with which a record is replaced by the mnemonic code of its class; 0: none. See
              `MnemonicCodes`.
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


PARTS: Mapping[str, Mapping[str, object]] = {  # of a recipe, and their fields
    "training": RecipeTraining.__dataclass_fields__,
    "sweep": SweepPlan.model_fields,
    "erasure": {**ErasurePlan.model_fields, "method": None},
}


class Recipe(Section):
    """One experiment.

    start:   a stored codec, a folder or a name, from whose weights training starts; `codec` then names its kind.
    training: how; null: the codec that `start` names is taken as it is.
    threads: CPU threads a process uses; results are equal for equal threads.
    """

    title = "recipe"
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

    @model_validator(mode="before")
    @classmethod
    def _names(cls, content: object, info: ValidationInfo) -> object:
        """Mistakes that show without torch, which is loaded once a component is built."""
        if isinstance(content, Mapping) and not (info.context or {}).get(RECORDED_WITH_PLUGINS):
            for field in content:
                choose("recipe field", cls.model_fields, str(field))
            for part, fields in PARTS.items():
                inner = content.get(part)
                for field in inner if isinstance(inner, Mapping) else ():
                    choose(f"{part} field", fields, str(field))
            check_recipe(content)
            tell_loading()
        return content

    @field_validator("source")
    @classmethod
    def _source(cls, source: Component, info: ValidationInfo) -> Component:
        if _is_checked(SOURCES, source.name, info):
            build("source", SOURCES, source.name, source.fields)
        return source

    @field_validator("codec")
    @classmethod
    def _codec(cls, codec: Component, info: ValidationInfo) -> Component:
        if _is_checked(STORED, codec.name, info):
            check_fields("codec", codec.name, choose("codec", STORED, codec.name), codec.fields)
        return codec

    @field_validator("channel")
    @classmethod
    def _canonical(cls, name: str, info: ValidationInfo) -> str:
        return channel_name(name) if _is_checked(CHANNELS, parse(name)[0], info) else name

    @model_validator(mode="after")
    def _beginning(self) -> Self:
        if self.training is None and self.start is None:
            raise ValueError("without training there has to be a stored codec to begin with; name one under start")
        if self.start is not None and self.erasure is not None:
            raise ValueError(
                "a codec that starts from another cannot be retrained from nothing; erase from that other one"
            )
        rebuilds = self.codec.name not in STORED or "reconstruction" in STORED[self.codec.name].traits
        if not rebuilds and (self.sweep.baselines or self.sweep.image_classifier):
            raise ValueError(
                "a codec that rebuilds nothing leaves nothing to compare or classify; leave out baselines and "
                "image_classifier"
            )
        return self

    def text(self) -> str:
        """The recipe with every default filled in, as YAML."""
        return yaml_text(self.model_dump(mode="json"))


def _is_checked(registry: Container[str], name: str, info: ValidationInfo) -> bool:
    """Whether an entry has to be there. In a recorded run that names plug-ins, which may be absent where it is read,
    it need not.
    """
    return name in registry or not (info.context or {}).get(RECORDED_WITH_PLUGINS)


def checked(model: type[Model], content: Mapping[str, Any], name: str) -> Model:
    """A model from plain data. Errors: RecipeError, which names the first field that is wrong."""
    try:
        return model.model_validate(dict(content))
    except UnicodeEncodeError as error:  # half a character, which pydantic cannot hand on
        raise RecipeError(f"The recipe {cut(name, 200)} is not text; write valid Unicode characters.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith("function-"))
        where = f' at "{cut(place)}"' if place else ""
        raise RecipeError(f"The recipe {cut(name, 200)} is wrong{where}: {reason_of(error)}.") from error
