"""Sentences from a text file of the user."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from semlink.errors import SourceError
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.data_folder import placed
from semlink.simulator.sources.own_records import tell_once
from semlink.simulator.sources.reader import SourceReader, Terms
from semlink.simulator.sources.sentence_digest import Digest, sentence_digest
from semlink.simulator.sources.sentence_limits import SentenceLimits
from semlink.simulator.sources.splits import check_limit, split_by_id, thin
from semlink.untrusted import read_bytes

FILE_MOST = 1 << 30  # bytes

Tell = Callable[[str], None]


@dataclass(frozen=True)
class TextFile(SourceReader):
    """UTF-8 text with one sentence a line; lines outside the limits of length and repeated sentences are left out.

    A line is repeated where it differs from another in case or punctuation alone. How many were left out is told.
    Without a test file the lines are split 80/10/10 by the hash of their ids; with one, nine tenths train and one
    tenth validates, and a sentence of the test file is left out of both. The owner of a sentence is its file.

    Fields: path, test: the files; a relative path starts from the current folder or else from the data folder.
            min_words, max_words: limits of length, see `SentenceLimits`.
            limit: at most so many records of each split, evenly spaced.
    Errors: SourceError when a file is missing, is not UTF-8 or has no usable sentence; WrongField when the limits
            make no sense.
    """

    terms = Terms(
        content="Sentences from a text file of the user's own.",
        persons="semlink does not know who wrote or is named in the file.",
        licence="semlink does not know the terms of the file; whoever passes the codec on has to state them.",
    )

    path: Path
    test: Path | None = None
    min_words: int = 4
    max_words: int = 30
    limit: int | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)
        SentenceLimits(self.min_words, self.max_words)

    def read(self, data_dir: Path | None = None) -> Source:
        return self.read_with(sentence_digest, data_dir, tell_once)

    def read_with(self, digest: Digest, data_dir: Path | None, tell: Tell | None = None) -> Source:
        """The records, where `digest` says which sentences are the same. `tell` is told what was left out."""
        records = self._records(self.path, data_dir, digest, tell)
        if self.test is None:
            splits = split_by_id(records.values())
        else:
            unseen = self._records(self.test, data_dir, digest, tell)
            known = [record for name, record in records.items() if name not in unseen]
            splits = (*split_by_id(known, test=0.0)[:2], list(unseen.values()))
        train, validation, test = (thin(split, self.limit) for split in splits)
        return Source("text-file", "text", train, validation, test)

    def _records(self, path: Path, data_dir: Path | None, digest: Digest, tell: Tell | None) -> dict[str, Record]:
        """The usable sentences of a file, by their digest."""
        records: dict[str, Record] = {}
        limits = SentenceLimits(self.min_words, self.max_words)
        for line in re.split(r"\r\n?|\n", _text(path, data_dir)):
            if (sentence := limits.sentence(line)) is not None:
                name = digest(sentence)
                limits.repeated += name in records
                records.setdefault(name, Record(f"{path.stem}/{name}", sentence, path.name))
        if not records:
            raise SourceError(
                f"{path} has no sentence of {self.min_words} to {self.max_words} words; write one sentence a line."
            )
        if tell and (note := limits.note(path, "lines")):
            tell(note)
        return records


def _text(path: Path, data_dir: Path | None) -> str:
    try:
        data = read_bytes(placed(path, "text-file", data_dir), FILE_MOST)
    except OSError as error:
        raise SourceError(f"There is no text file {path}, here or in the data folder; check its name.") from error
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = len(re.split(rb"\r\n?|\n", data[: error.start]))
        raise SourceError(f"Line {line} of {path} is not UTF-8 text; save the file as UTF-8.") from error
