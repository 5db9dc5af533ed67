"""The records that stored codecs were trained on, checked, and the requests that these codecs carry."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from semlink.codecs.bundle import Bundle
from semlink.errors import BundleError, ErasureError, SemlinkError
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.registry import check_fields, fields_of
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
    if stored != source.digest():
        if recipe.start is not None:  # its training left out what had been erased from that codec
            source = less_erased(source, bundles)
        if stored != source.digest():
            source = replace(_matched(bundles, chains, recipe, machine), name=source.name)
    return TrainingRecords(source, chains, requests)


def less_erased(source: Source, bundles: Sequence[Bundle]) -> Source:
    """Other records than those of the training, less what was erased from stored codecs, under whatever id it stands.

    Requests that are not at hand are left out of account. Errors: BundleError when digests of records are missing.
    """
    requests = [carried_out for bundle in bundles for carried_out in chain_of(bundle).kept.values()]
    remaining = without(source, [carried_out.request for carried_out in requests])
    for bundle in bundles:
        erased = {digest for each in chain_of(bundle).kept.values() for digest in each.payloads or ()}
        if erased and RECORDS not in bundle.protected:
            raise BundleError(
                f"{bundle.folder} comes without its {RECORDS}, so what was erased from it cannot be told in other "
                "data; put it back."
            )
        if erased:
            remaining = _without_payloads(remaining, RecordDigests.restored(bundle.protected[RECORDS]), erased)
    return remaining


def _without_payloads(source: Source, digests: RecordDigests, erased: Set[str]) -> Source:
    train, validation, test = (
        [record for record in records if digests.of_payload(record.payload).hex() not in erased]
        for records in (source.train, source.validation, source.test)
    )
    return replace(source, train=train, validation=validation, test=test)


def _matched(bundles: Sequence[Bundle], chains: Sequence[RequestChain], recipe: Recipe, machine: Machine) -> Source:
    """The records, where some are missing or others were added. Errors: BundleError when no request explains it."""
    first = bundles[0]
    try:
        digests, requests = _known_digests(bundles, chains)
        erased = frozenset(bytes.fromhex(digest) for each in requests for digest in each.erased or ())
        fields = check_fields("source", recipe.source.name, SOURCES[recipe.source.name], recipe.source.fields)
        thinned = fields.get("limit") is not None
        if thinned:  # where records were deleted, others take their places in a limited number
            fields = {**fields, "limit": None}
        if "labels" in fields_of(SOURCES[recipe.source.name]):  # a class keeps its number when its last record is gone
            fields = {**fields, "labels": tuple(first.card.get("source", {}).get("labels", ()))}
        source = build_source(recipe.source.name, fields, machine.data_dir)
        if recipe.start is not None:
            source = less_erased(source, bundles)
        counted = all(carried_out.erased is not None for carried_out in requests)
        return digests.matched(source, erased, complete=not thinned, all_known=counted)
    except SemlinkError as error:
        raise BundleError(
            f"The records of {recipe.source.name} differ from those that {first.folder} was trained on: {error}"
        ) from error


def _known_digests(bundles: Sequence[Bundle], chains: Sequence[RequestChain]) -> tuple[RecordDigests, list[CarriedOut]]:
    """Digests of the records of the training, and the requests that codecs with these digests carry.

    Errors: BundleError where no codec has digests.
    """
    contents = [bundle.protected.get(RECORDS) for bundle in bundles]
    known = [None if content is None else RecordDigests.restored(content) for content in contents]
    first = next((digests for digests in known if digests is not None), None)
    if first is None:
        raise BundleError(
            f"use the data of its training; which records may be missing is in its {RECORDS}, which the owner of the "
            "data keeps."
        )
    same = [chain for digests, chain in zip(known, chains, strict=True) if digests and digests.key == first.key]
    return first, [carried_out for chain in same for carried_out in chain.requests()]
