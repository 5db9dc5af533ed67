"""The chain of requests: everything that was ever erased from a codec, or from what it came from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from semlink.errors import ErasureError
from semlink.unlearning.request import ErasureRequest, request_from
from semlink.untrusted import json_of


@dataclass(frozen=True)
class ChainEntry:
    """One request as a stored codec shows it to everybody: digests and counts, nobody's data.

    request: digest of the request, salted with `parent`. time: when it was made. method: that carried it out.
    records: of the training that were erased; None where the method read no records and nobody counted.
    parent:  digest of the stored codec that it was carried out on.
    """

    request: str
    time: str
    method: str
    records: int | None
    parent: str


@dataclass(frozen=True)
class CarriedOut:
    """One request as the owner of the data keeps it.

    request: all of it. erased, payloads: digests, with the key of the training's `RecordDigests`, of the ids and of the
    payloads of the records that it matched in any split; None where nobody looked at records.
    """

    request: ErasureRequest
    erased: tuple[str, ...] | None = None
    payloads: tuple[str, ...] | None = None


@dataclass(frozen=True)
class RequestChain:
    """The requests that a codec carries, the first one first.

    entries: of all requests. kept: the full requests that are at hand, by their digests in `entries`; a deployed copy
    comes without them.
    """

    entries: tuple[ChainEntry, ...] = ()
    kept: Mapping[str, CarriedOut] = field(default_factory=dict)

    @classmethod
    def read(cls, card: Mapping[str, Any], register: bytes | None) -> "RequestChain":
        """The chain of a stored codec.

        In:     card: of the codec. register: content of its protected file with the requests, None where it is missing.
        Errors: ErasureError when one of them is damaged.
        """
        try:
            entries = tuple(_ENTRY.validate_python(entry) for entry in card.get("chain", ()))
            kept = {} if register is None else _kept(json_of(register, list))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ErasureError("The requests that a stored codec carries are damaged; put the codec back.") from error
        known = {entry.request: entry for entry in entries}
        fits = all(
            digest in known and carried_out.request.digest(known[digest].parent) == digest
            for digest, carried_out in kept.items()
        )
        if not fits:
            raise ErasureError("The register of requests is of another stored codec; put the right one back.")
        return cls(entries, kept)

    def register(self) -> bytes:
        """Content of the protected file with the full requests."""
        listed = [{"digest": digest, **asdict(carried_out)} for digest, carried_out in self.kept.items()]
        for item, carried_out in zip(listed, self.kept.values(), strict=True):
            item["request"] = json.loads(carried_out.request.text())
        return json.dumps(listed, indent=1).encode() + b"\n"

    def on_card(self) -> list[dict[str, Any]]:
        """The entries as plain data."""
        return [asdict(entry) for entry in self.entries]

    def entry_of(self, request: ErasureRequest) -> ChainEntry | None:
        """The entry of a request, if it was carried out."""
        return next((entry for entry in self.entries if entry.request == request.digest(entry.parent)), None)

    def knowing(self, request: ErasureRequest) -> "RequestChain":
        """The chain with a full request at hand, if it is one of its own."""
        entry = self.entry_of(request)
        if entry is None or entry.request in self.kept:
            return self
        return replace(self, kept={**self.kept, entry.request: CarriedOut(request)})

    def extended(self, entry: ChainEntry, carried_out: CarriedOut) -> "RequestChain":
        """The chain with one more request."""
        return RequestChain((*self.entries, entry), {**self.kept, entry.request: carried_out})

    def requests(self) -> tuple[CarriedOut, ...]:
        """All requests in full, the first one first. Errors: ErasureError when some are not at hand."""
        missing = sum(entry.request not in self.kept for entry in self.entries)
        if missing:
            raise ErasureError(
                f"{missing} of the {len(self.entries)} requests that the codec carries are not at hand, so their "
                "records cannot be left out; put back its requests.json, which the owner of the data keeps, or measure "
                "with --request or on other records with --source."
            )
        return tuple(self.kept[entry.request] for entry in self.entries)


def distinct_requests(chains: Sequence[RequestChain]) -> list[CarriedOut]:
    """The requests of several chains, each once. Errors: ErasureError when some are not at hand."""
    every = {carried_out.request.text(): carried_out for chain in chains for carried_out in chain.requests()}
    return list(every.values())


_ENTRY: TypeAdapter[ChainEntry] = TypeAdapter(ChainEntry)


def _kept(content: Any) -> dict[str, CarriedOut]:
    return {
        item["digest"]: CarriedOut(
            request_from(item["request"], "the register"), _digests(item["erased"]), _digests(item["payloads"])
        )
        for item in content
    }


def _digests(listed: Any) -> tuple[str, ...] | None:
    """Errors: TypeError, ValueError when these are no digests."""
    if listed is None:
        return None
    if not isinstance(listed, list):
        raise TypeError("no list")
    for digest in listed:
        bytes.fromhex(digest)
    return tuple(listed)
