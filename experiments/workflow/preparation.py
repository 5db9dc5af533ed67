"""What every run needs before it starts: records, their division by a request, the seed, and the threads."""

from collections.abc import Mapping
from dataclasses import dataclass

from semlink.codecs.bundle import Bundle
from semlink.errors import BundleError
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.recipe_file import recipe_from
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Source
from semlink.unlearning.contract import Partition
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest


@dataclass(frozen=True)
class Preparation:
    """source: the records. partition: these, divided by a request where there is one. threads: of each process."""

    source: Source
    partition: Partition | None
    seed: int
    threads: int = 1


def prepare(recipe: Recipe, request: ErasureRequest | None, machine: Machine, seed: int | None = None) -> Preparation:
    """The records of a recipe, divided by a request.

    In:     seed: None: the recipe's.
    Errors: SourceError, UnknownName, WrongField; ErasureError when the request does not fit the records.
    """
    source = build_source(recipe.source.name, recipe.source.fields, machine.data_dir)
    return _prepared(recipe, source, request, seed)


def prepare_stored(
    bundle: Bundle, request: ErasureRequest | None, machine: Machine, seed: int | None = None
) -> Preparation:
    """The same for a stored codec: the records of its training. Errors: BundleError when they differ; as `prepare`."""
    recipe = recipe_of(bundle)
    source = build_source(recipe.source.name, recipe.source.fields, machine.data_dir)
    stored = bundle.card.get("source", {}).get("digest")
    if stored != source.digest():
        raise BundleError(
            f"The records of {source.name} differ from those that {bundle.folder} was trained on; "
            "use the data (and, for embedded text, the Python version) of its training."
        )
    return _prepared(recipe, source, request, seed)


def _prepared(recipe: Recipe, source: Source, request: ErasureRequest | None, seed: int | None) -> Preparation:
    partition = None if request is None else divide(source, request)
    return Preparation(source, partition, recipe.seed if seed is None else seed, recipe.threads)


def recipe_of(bundle: Bundle) -> Recipe:
    """The recipe that a stored codec was trained with. Errors: BundleError when its card has none."""
    content = bundle.card.get("recipe")
    if not isinstance(content, Mapping):
        raise BundleError(f"The bundle {bundle.folder} does not say how it was trained; train it with: semlink train.")
    return recipe_from(content, f"in {bundle.folder / 'card.json'}")
