"""What a run does, as plain data that can be stored and carried out again."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, TypeAdapter, ValidationError, field_validator

from semlink.errors import RecipeError
from semlink.experiments.workflow.component import ComponentField
from semlink.experiments.workflow.recipe import RECORDED_WITH_PLUGINS, Recipe, Section, SweepPlan
from semlink.experiments.workflow.snr_range import SnrDb
from semlink.registry import reason_of
from semlink.untrusted import cut


class CodecReference(Section):
    """A stored codec, or an export of one, as a run names it.

    name: a folder, or a name that `semlink list bundles` shows. digest: of what the run was made with.
    """

    title = "codec"
    name: str
    digest: str


class ExperimentPlan(Section):
    """Recipes, carried out side by side."""

    title = "run"
    kind: Literal["experiment"] = "experiment"
    recipes: tuple[Recipe, ...] = Field(min_length=1)


class CodecSweepPlan(Section):
    """Stored codecs over test records.

    exports: exports of some of these. request: also measure on its forget and retain sets.
    source:  other test records than those of the codec's own source; source_digest: of these, as the run met them.
    """

    title = "run"
    kind: Literal["sweep"] = "sweep"
    codecs: tuple[CodecReference, ...] = ()
    exports: tuple[CodecReference, ...] = ()
    sweep: SweepPlan
    request: dict[str, Any] | None = None
    source: ComponentField | None = None
    source_digest: str | None = None
    seed: int = 0


class CodecAuditPlan(Section):
    """Audits of an original codec, an erased one and one or several that were retrained, the first of which leads."""

    title = "run"
    kind: Literal["audit"] = "audit"
    original: CodecReference
    erased: CodecReference
    retrained: tuple[CodecReference, ...] = Field(min_length=1)
    audits: tuple[str, ...] = ("membership",)
    snr_db: SnrDb = 12.0
    request: dict[str, Any]
    seed: int = 0

    @field_validator("retrained", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, Mapping) else value  # runs recorded before there could be several


class BlockErrorsPlan(Section):
    """Block error rates of the classical chain.

    uses: channel uses of a block. target: the block error rate that a choice may have. table: folder of the tables.
    """

    title = "run"
    kind: Literal["block-errors"] = "block-errors"
    channels: tuple[str, ...]
    uses: tuple[int, ...]
    snr_db: tuple[SnrDb, ...]
    target: float = 0.1
    table: str | None = None


RunPlan = ExperimentPlan | CodecSweepPlan | CodecAuditPlan | BlockErrorsPlan
_RUN_PLAN: TypeAdapter[RunPlan] = TypeAdapter(Annotated[RunPlan, Discriminator("kind")])


def run_plan_from(content: object, where: str, with_plugins: bool = False) -> RunPlan:
    """A plan from plain data.

    In:     where: its origin, for the error sentence. with_plugins: whether it was recorded with plug-ins; these need
            not be here for the run to be read.
    Errors: RecipeError; UnknownName.
    """
    try:
        return _RUN_PLAN.validate_python(content, context={RECORDED_WITH_PLUGINS: with_plugins})
    except UnicodeEncodeError as error:
        raise RecipeError(f"The run in {where} is not text; write valid Unicode characters.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith("function-"))
        place = place or "kind"  # by which the rest is read
        raise RecipeError(f'The run in {where} cannot be read at "{cut(place)}": {reason_of(error)}.') from error
