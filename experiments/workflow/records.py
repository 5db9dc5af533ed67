"""What records a source has, and which of them a request would select: a dry run."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semlink.codecs.manifest import MANIFEST
from semlink.errors import BundleError, UnknownName
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.experiments.workflow.component import component_from
from semlink.experiments.workflow.machine import Machine
from semlink.simulator.sources import SOURCES, build_source
from semlink.simulator.sources.contract import SPLITS, Record, Source
from semlink.unlearning.matching import Matcher, check_present, matcher
from semlink.unlearning.near_misses import NearMisses, near_misses
from semlink.unlearning.request import ErasureRequest

CUT = 60  # characters of a text or a name in a list


@dataclass(frozen=True)
class Records:
    """The records of a source, or those that a request selects.

    source: its name. labels: the names of its classes. splits: split -> the records listed.
    request: the request, where there is one. values: what it names -> how many records have it.
    near: what it nearly selects, of a request by terms.
    """

    source: str
    labels: tuple[str, ...]
    splits: Mapping[str, Sequence[Record]]
    request: ErasureRequest | None = None
    values: Mapping[str, int] | None = None
    near: NearMisses | None = None

    def counts(self) -> dict[str, int]:
        """How many records each split has."""
        return {name: len(records) for name, records in self.splits.items()}

    def owners(self) -> dict[str, int]:
        """Owner -> how many records, most first."""
        return _counted(record.owner for records in self.splits.values() for record in records)

    def classes(self) -> dict[str, int]:
        """Class -> how many records, in the order of the classes; empty where the source has none."""
        counts = Counter(record.label for records in self.splits.values() for record in records)
        return {name: counts[number] for number, name in enumerate(self.labels) if counts[number]}

    def content(self, limit: int) -> dict[str, Any]:
        """All of it as plain data, with at most `limit` records and owners."""
        found: dict[str, Any] = {"source": self.source, "records": self.counts()}
        if self.request is not None:
            found["request"] = {"id": self.request.id, "by": self.request.selection.by, "values": self.values}
        found["owners"] = dict(list(self.owners().items())[:limit])
        found["labels"] = self.classes()
        found["listed"] = [
            {"split": split, "id": record.id, "owner": record.owner}
            | ({} if record.label is None else {"label": self.labels[record.label]})
            | ({"text": record.payload} if isinstance(record.payload, str) else {})
            for split, record in self._first(limit)
        ]
        if self.near is not None:
            found["near"] = {"words": dict(self.near.words), "records": self.near.records}
        return found

    def text(self, limit: int) -> str:
        """All of it in lines, with at most `limit` records and owners."""
        counts = self.counts()
        total = sum(counts.values())
        shares = ", ".join(f"{count} {name}" for name, count in counts.items())
        if self.request is None:
            lines = [f"{self.source}: {total} records ({shares})"]
        else:
            lines = [f"Request {self.request.id} selects {total} records of {self.source} ({shares})."]
            lines += [f"  {value}: {count}" for value, count in (self.values or {}).items()]
            if not counts["train"]:
                lines.append("None is a training record: there would be nothing to forget.")
            if self.near is not None and self.near.words:
                lines.append(self.near.sentence())
        owners = self.owners()
        lines += [f"owners: {len(owners)}", *_column(owners, limit)]
        if classes := self.classes():
            lines += [f"labels: {len(classes)}", *_column(classes, len(classes))]
        lines.append(f"ids: {total}")
        for split, record in self._first(limit):
            facts = [split, record.id, f"owner {_cut(record.owner)}"]
            facts += [] if record.label is None else [f"label {self.labels[record.label]}"]
            facts += [_cut(record.payload)] if isinstance(record.payload, str) else []
            lines.append(f"  {', '.join(facts)}")
        if total > limit:
            lines.append(f"  and {total - limit} more; see --limit")
        return "\n".join(lines)

    def _first(self, limit: int) -> list[tuple[str, Record]]:
        return [(split, record) for split, records in self.splits.items() for record in records][:limit]


def records_of(what: str | Path, request: ErasureRequest | None, machine: Machine) -> Records:
    """The records of a source or of a stored codec's training, or those of them that a request selects.

    In:     what: a source as the command line writes it, or a folder or name of a stored codec.
    Errors: BundleError, SourceError, UnknownName, WrongField; ErasureError when the request does not fit the records,
            or names what none of them has.
    """
    source = _source(what, machine)
    if request is None:
        return Records(source.name, source.labels, {split: source.split(split) for split in SPLITS})
    meant = matcher(source, request)
    check_present(source, meant)
    selected: dict[str, Sequence[Record]] = {
        split: [record for record in source.split(split) if meant.matches(record)] for split in SPLITS
    }
    counts = Counter(key for found in selected.values() for record in found for key in meant.keys(record))
    values = {value: counts[key] for key, value in meant.wanted.items()}
    return Records(source.name, source.labels, selected, request, values, near_misses_of(source, meant))


def near_misses_of(source: Source, meant: Matcher, splits: Sequence[str] = SPLITS) -> NearMisses | None:
    """What a request by terms nearly selects; None for another request."""
    if meant.by != "term":
        return None
    others = [record for split in SPLITS if split in splits for record in source.split(split)]
    return near_misses((record.payload for record in others if not meant.matches(record)), map(str, meant.wanted))


def _source(what: str | Path, machine: Machine) -> Source:
    if not Path(what).exists():
        component = component_from(str(what))
        if component.name in SOURCES:
            return build_source(component.name, component.fields, machine.data_dir)
    if Path(what).is_dir() and not (Path(what) / MANIFEST).is_file():
        raise UnknownName(f"{what} is not a stored codec; of images write image-folder:path={what}.")
    if Path(what).is_file():
        raise UnknownName(f"{what} is a file; write records:path={what} for a table, text-file:path={what} for lines.")
    try:
        folder = find_bundle(what)
    except BundleError as error:
        raise UnknownName(f"{str(error).rstrip('.')}; or name a source: {', '.join(SOURCES)}.") from error

    from semlink.experiments.workflow.preparation import prepare_stored  # here, since they load torch
    from semlink.experiments.workflow.store import stored_bundle

    return prepare_stored([stored_bundle(folder)], None, machine).source


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))


def _column(counts: Mapping[str, int], limit: int) -> list[str]:
    lines = [f"  {_cut(name)}: {count}" for name, count in list(counts.items())[:limit]]
    return [*lines, f"  and {len(counts) - limit} more; see --limit"] if len(counts) > limit else lines


def _cut(text: str) -> str:
    return text if len(text) <= CUT else f"{text[:CUT]}..."
