"""Keyed digests of the records of a training: they tell whether data are still the same after some were deleted."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from semlink.errors import SourceError
from semlink.simulator.sources.contract import SPLITS, Record, Source, payload_content
from semlink.untrusted import cut, json_of

SIZE = 8  # bytes of a digest: two of a million records are equal by chance once in 10**7 sources


@dataclass(frozen=True)
class RecordDigests:
    """Of each record of a source, split by split: a digest of its id, and one of all of it.

    Whoever has the key can tell whether a record that they hold was among these, so it is kept where only the owner of
    the data reads it. Without the key the digests tell nothing.

    key: of the digests. splits: name -> (digest of the id, digest of the record) in the order of the training.
    """

    key: bytes
    splits: Mapping[str, tuple[tuple[bytes, bytes], ...]]

    @classmethod
    def of(cls, source: Source, key: bytes | None = None) -> "RecordDigests":
        """The digests of all records of a source; without a key, one is drawn by the operating system."""
        empty = cls(os.urandom(16) if key is None else key, {})
        pairs: dict[str, tuple[tuple[bytes, bytes], ...]] = {
            split: tuple((empty.of_id(record.id), empty.of_record(record)) for record in source.split(split))
            for split in SPLITS
        }
        return replace(empty, splits=pairs)

    def of_id(self, record_id: str) -> bytes:
        """The digest of an id."""
        return hashlib.blake2b(record_id.encode(), digest_size=SIZE, key=self.key).digest()

    def of_record(self, record: Record) -> bytes:
        """The digest of all that a record holds."""
        shape, data = payload_content(record.payload)
        head = repr((record.id, record.owner, record.label, shape, len(data)))
        return hashlib.blake2b(head.encode() + data, digest_size=SIZE, key=self.key).digest()

    def of_payload(self, payload: Any) -> bytes:
        """The digest of what a record says or shows, whatever its id; of a text of its words, whatever their case."""
        if isinstance(payload, str):
            payload = " ".join(re.findall(r"\w+", payload.casefold())) or payload
        shape, data = payload_content(payload)
        head = repr((shape, len(data)))
        return hashlib.blake2b(head.encode() + data, digest_size=SIZE, key=self.key, person=b"payload").digest()

    def stored(self) -> bytes:
        """All of it as the content of a file."""
        pairs = {name: b"".join(map(b"".join, pairs)) for name, pairs in self.splits.items()}
        texts = {name: base64.b64encode(data).decode() for name, data in pairs.items()}
        return json.dumps({"key": self.key.hex(), "splits": texts}).encode() + b"\n"

    @classmethod
    def restored(cls, content: bytes) -> "RecordDigests":
        """What `stored` gave. Errors: SourceError when it is damaged."""
        try:
            stored = json_of(content, dict)
            data = {name: base64.b64decode(text, validate=True) for name, text in stored["splits"].items()}
            if any(len(pairs) % (2 * SIZE) for pairs in data.values()):
                raise ValueError("a digest is cut off")
            steps = {name: range(0, len(pairs), 2 * SIZE) for name, pairs in data.items()}
            splits = {
                name: tuple((pairs[at : at + SIZE], pairs[at + SIZE : at + 2 * SIZE]) for at in steps[name])
                for name, pairs in data.items()
            }
            key = bytes.fromhex(stored["key"])
            if not 16 <= len(key) <= 64:
                raise ValueError("no key")
            return cls(key, splits)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SourceError("The digests of the records are damaged; put the stored codec back.") from error

    def matched(self, source: Source, erased: Set[bytes], complete: bool = True, all_known: bool = True) -> Source:
        """The records of the training that are still there, in the order and the splits of the training.

        In:     erased: digests of the ids of records that requests erased; these may be missing.
                complete: whether the source may hold none but these records; else further ones are left out.
                all_known: whether `erased` is complete; else any record may be missing.
        Errors: SourceError, which names a record that was added, changed or lost.
        """
        found: dict[bytes, Record] = {}
        for split in SPLITS:
            found |= {self.of_id(record.id): record for record in source.split(split)}
        known = {digest for pairs in self.splits.values() for digest, _ in pairs}
        added = [record for digest, record in found.items() if digest not in known | erased]
        if complete and added:
            raise SourceError(_names(added, source, "was not there when the codec was trained; remove it"))
        pairs = [(digest, whole) for split in self.splits.values() for digest, whole in split if digest not in erased]
        changed = [
            found[digest] for digest, whole in pairs if digest in found and self.of_record(found[digest]) != whole
        ]
        if changed:
            raise SourceError(_names(changed, source, "was changed after the codec was trained; put it back"))
        lost = sum(digest not in found for digest, _ in pairs)
        if lost and all_known:
            raise SourceError(
                f"{lost} records of {source.name} are missing that no request erased from this codec; put them back, "
                "or use the codec that was made by their erasure."
            )
        kept = {  # another text under the id of an erased one is not of the training
            split: [
                found[digest]
                for digest, whole in self.splits.get(split, ())
                if digest in found and (digest not in erased or self.of_record(found[digest]) == whole)
            ]
            for split in SPLITS
        }
        return replace(source, train=kept["train"], validation=kept["validation"], test=kept["test"])


def _names(records: Sequence[Record], source: Source, what: str) -> str:
    more = f" and {len(records) - 1} more" if len(records) > 1 else ""
    return f"The record {cut(records[0].id)}{more} of {source.name} {what}, or train a codec on the new data."
