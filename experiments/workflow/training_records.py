"""The records that stored codecs were trained on, checked, and the requests that these codecs carry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from semlink.codecs.bundle import Bundle
from semlink.errors import BundleError, ErasureError, SemlinkError
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.registry import check_fields
from semlink.simulator.sources import SOURCES, build_source
from semlink.simulator.sources.contract import Source
from semlink.simulator.sources.record_digests import RecordDigests
from semlink.unlearning.chain import CarriedOut, RequestChain, distinct_requests
from semlink.unlearning.partition import without
from semlink.unlearning.request import ErasureRequest

RECORDS, REQUESTS = "records.json", "requests.json"  # protected files of a bundle


@dataclass(frozen=True)
class TrainingRecords:
    """The records of a training that are still there, among them what requests matched unless its owner deleted it.

    chains: of the codecs, in their order. requests: of all of them, each once.
    """

    source: Source
    chains: tuple[RequestChain, ...]
    requests: tuple[CarriedOut, ...]

    def remaining(self) -> Source:
        """The records that no request matched."""
        return without(self.source, [carried_out.request for carried_out in self.requests])

    def around(self, request: ErasureRequest) -> tuple[list[ErasureRequest], list[ErasureRequest]]:
        """The requests that a codec carried before this one, and all others that a codec carries."""
        before: list[ErasureRequest] = []
        for chain in self.chains:
            listed = [carried_out.request for carried_out in chain.requests()]
            if request in listed:
                before += listed[: listed.index(request)]
        others = [carried_out.request for carried_out in self.requests if carried_out.request not in (*before, request)]
        return before, others


def chain_of(bundle: Bundle) -> RequestChain:
    """The requests that a stored codec carries. Errors: BundleError when they are damaged, or not written down."""
    if "request" in bundle.card and "chain" not in bundle.card:
        raise BundleError(f"{bundle.folder} was erased by an earlier semlink; carry out its request again.")
    try:
        return RequestChain.read(bundle.card, bundle.protected.get(REQUESTS))
    except ErasureError as error:
        raise BundleError(f"{bundle.folder} cannot be used: {error}") from error


def training_records(
    bundles: Sequence[Bundle], machine: Machine, request: ErasureRequest | None = None
) -> TrainingRecords:
    """The records of the training of the first of some stored codecs, checked, and the requests that all of them carry.

    In:     request: one that the user has at hand, for copies that come without the full requests.
    Errors: BundleError when records were added, changed or lost since, or requests are not at hand; SourceError.
    """
    chains = tuple(chain_of(bundle) if request is None else chain_of(bundle).knowing(request) for bundle in bundles)
    try:
        requests = tuple(distinct_requests(chains))
    except ErasureError as error:
        raise BundleError(f"{bundles[0].folder} cannot be used: {error}") from error
    first = bundles[0]
    recipe = recipe_of(first)
    source = build_source(recipe.source.name, recipe.source.fields, machine.data_dir)
    stored = first.card.get("source", {}).get("digest")
    if stored != source.digest() and stored != without(source, [each.request for each in requests]).digest():
        source = replace(_matched(bundles, recipe, machine, requests), name=source.name)
    return TrainingRecords(source, chains, requests)


def _matched(bundles: Sequence[Bundle], recipe: Recipe, machine: Machine, requests: Sequence[CarriedOut]) -> Source:
    """The records, where some are missing or others were added. Errors: BundleError when no request explains it."""
    first = bundles[0]
    try:
        digests, erased = _known_digests(bundles, requests)
        fields = check_fields("source", recipe.source.name, SOURCES[recipe.source.name], recipe.source.fields)
        thinned = fields.get("limit") is not None
        if thinned:  # where records were deleted, others take their places in a limited number
            fields = {**fields, "limit": None}
        source = build_source(recipe.source.name, fields, machine.data_dir)
        counted = all(carried_out.erased is not None for carried_out in requests)
        return digests.matched(source, erased, complete=not thinned, all_known=counted)
    except SemlinkError as error:
        raise BundleError(
            f"The records of {recipe.source.name} differ from those that {first.folder} was trained on: {error}"
        ) from error


def _known_digests(bundles: Sequence[Bundle], requests: Sequence[CarriedOut]) -> tuple[RecordDigests, frozenset[bytes]]:
    """Digests of the records of the training, and those of the ids of erased ones. Errors: BundleError without any."""
    with_digests = [bundle.protected[RECORDS] for bundle in bundles if RECORDS in bundle.protected]
    if not with_digests:
        raise BundleError(
            "use the data (and, for embedded text, the Python version) of its training; which records may be missing "
            f"is in its {RECORDS}, which the owner of the data keeps."
        )
    erased = {bytes.fromhex(digest) for carried_out in requests for digest in carried_out.erased or ()}
    return RecordDigests.restored(with_digests[0]), frozenset(erased)
