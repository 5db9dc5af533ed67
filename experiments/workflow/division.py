"""The records of a stored codec's training, divided by a request that is about to be carried out on it."""

from dataclasses import dataclass

from semlink.codecs.bundle import Bundle
from semlink.errors import ErasureError
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.records import near_misses_of
from semlink.experiments.workflow.source_places import PLACES
from semlink.experiments.workflow.training_records import RECORDS, REQUESTS, chain_of, training_records
from semlink.simulator.sources.contract import SPLITS
from semlink.simulator.sources.record_digests import RecordDigests
from semlink.unlearning.chain import CarriedOut, ChainEntry, RequestChain
from semlink.unlearning.contract import Partition
from semlink.unlearning.matching import matcher
from semlink.unlearning.near_misses import NearMisses
from semlink.unlearning.partition import divide, matching, without, without_data
from semlink.unlearning.request import ErasureRequest


@dataclass(frozen=True)
class Division:
    """A partition, and what the codec after the erasure keeps of it.

    chain: the requests that were carried out before. near: what the request nearly selects, where it names words.
    digests: of the records of the training, None where no record was read. erased: digests of the ids of all records
    that the request matches, unseen ones too; payloads: of what these say or show. labels: the names of the classes.
    """

    partition: Partition
    chain: RequestChain
    labels: tuple[str, ...]
    near: NearMisses | None = None
    digests: RecordDigests | None = None
    erased: tuple[str, ...] | None = None
    payloads: tuple[str, ...] | None = None

    def extended_chain(self, request: ErasureRequest, method: str, parent: str) -> RequestChain:
        """The requests of the codec after this one was carried out. In: parent: digest of the codec before."""
        counted = None if self.digests is None else len(self.partition.forget)
        entry = ChainEntry(request.digest(parent), request.time, method, counted, parent)
        return self.chain.extended(entry, CarriedOut(request, self.erased, self.payloads))

    def protected_files(self, bundle: Bundle, chain: RequestChain) -> dict[str, bytes]:
        """What the owner of the data keeps beside the codec after the erasure. In: bundle: the codec before it."""
        files = {REQUESTS: chain.register()}
        if PLACES in bundle.protected:
            files[PLACES] = bundle.protected[PLACES]
        if self.digests is not None:
            files[RECORDS] = self.digests.stored()
        elif RECORDS in bundle.protected:
            files[RECORDS] = bundle.protected[RECORDS]
        return files


def divided(bundle: Bundle, request: ErasureRequest, machine: Machine, reads: bool) -> Division:
    """Divides the records of a codec's training, less those of earlier requests.

    In:     reads: whether there is any need for records; else the partition has none.
    Errors: ErasureError when the request was carried out on the codec already, or does not fit the data; BundleError,
            SourceError.
    """
    chain = chain_of(bundle)
    if (entry := chain.entry_of(request)) is not None:
        raise ErasureError(
            f"Request {request.id} was carried out on {bundle.folder} already, by {entry.method}; its certificate is "
            "there."
        )
    labels = tuple(bundle.card.get("source", {}).get("labels", ()))
    if not reads:
        return Division(without_data(labels, request), chain, labels)
    records = training_records([bundle], machine)
    before = [carried_out.request for carried_out in records.requests]
    partition = divide(records.source, request, before)
    remaining = without(records.source, before)
    stored = bundle.protected.get(RECORDS)
    digests = RecordDigests.of(records.source) if stored is None else RecordDigests.restored(stored)
    near = near_misses_of(remaining, matcher(remaining, request))
    matches = matching(records.source, [request])
    matched = [record for split in SPLITS for record in records.source.split(split) if matches(record)]
    ids = tuple(digests.of_id(record.id).hex() for record in matched)
    payloads = tuple(digests.of_payload(record.payload).hex() for record in matched)
    return Division(partition, chain, labels, near, digests, ids, payloads)
