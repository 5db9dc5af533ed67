"""What every run needs before it starts: records, their division by a request, the seed, and the threads."""

from collections.abc import Sequence
from dataclasses import dataclass

from semlink.codecs.bundle import Bundle
from semlink.errors import BundleError
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.experiments.workflow.training_records import chain_of, less_erased, training_records
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Source
from semlink.unlearning.contract import Partition
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest


@dataclass(frozen=True)
class Preparation:
    """What a run works on.

    source: the records, less those that requests erased before. partition: these, divided by a request where there is
    one; its forget set is empty where the owner of the data deleted the erased records. threads: of each process.
    """

    source: Source
    partition: Partition | None
    seed: int
    threads: int = 1


def prepare(recipe: Recipe, request: ErasureRequest | None, machine: Machine, seed: int | None = None) -> Preparation:
    """The records of a recipe, divided by a request.

    Where the recipe starts from a stored codec, what was erased from that one is in no set.
    In:     seed: None: the recipe's.
    Errors: SourceError, UnknownName, WrongField; ErasureError when the request does not fit the records, or earlier
            ones are not at hand.
    """
    source = build_source(recipe.source.name, recipe.source.fields, machine.data_dir)
    if recipe.start is not None:
        start = stored_bundle(find_bundle(recipe.start))
        chain_of(start).requests()  # all of them have to be at hand
        source = less_erased(source, [start])
    partition = None if request is None else divide(source, request)
    return Preparation(source, partition, recipe.seed if seed is None else seed, recipe.threads)


def prepare_stored(
    bundles: Sequence[Bundle], request: ErasureRequest | None, machine: Machine, seed: int | None = None
) -> Preparation:
    """The records of the training of the first of some stored codecs, to measure all of them.

    What any of them was made to forget is in no set, except in the forget set of `request`.
    Errors: BundleError when the records were added to or changed since; as `prepare`.
    """
    recipe = recipe_of(bundles[0])
    records = training_records(bundles, machine, request)
    partition = None
    if request is not None:
        before, after = records.around(request)
        carried_out = any(chain.entry_of(request) for chain in records.chains)
        partition = divide(records.source, request, before, after, may_be_gone=carried_out)
    return Preparation(records.remaining(), partition, recipe.seed if seed is None else seed, recipe.threads)


def check_carried(bundles: Sequence[Bundle], request: ErasureRequest) -> None:
    """Checks that a request can be measured on stored codecs: every one that anything was erased from carries it.

    A codec that it was carried out on, or an ancestor of that one, may stand beside them without it.
    Errors: BundleError.
    """
    chains = {bundle.digest(): chain_of(bundle) for bundle in bundles}
    ancestors = {
        entry.parent for chain in chains.values() if chain.entry_of(request) is not None for entry in chain.entries
    }
    for bundle in bundles:
        chain = chains[bundle.digest()]
        if chain.entries and chain.entry_of(request) is None and bundle.digest() not in ancestors:
            raise BundleError(
                f"{bundle.folder} does not carry request {request.id}; give the request that was carried out on it."
            )
