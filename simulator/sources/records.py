"""Sentences of the user in a table, with their owners, labels and splits."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from semlink.errors import SourceError
from semlink.simulator.sources.contract import Source
from semlink.simulator.sources.data_folder import placed
from semlink.simulator.sources.own_records import Arrangement, OwnRecord, SplitBy, split_named
from semlink.simulator.sources.reader import SourceReader, Terms
from semlink.simulator.sources.sentence_digest import sentence_digest
from semlink.simulator.sources.sentence_limits import SentenceLimits
from semlink.simulator.sources.splits import check_limit
from semlink.simulator.sources.table import TableRow, columns_of, read_table
from semlink.untrusted import cut


@dataclass(frozen=True)
class TextRecords(SourceReader):
    """Sentences in a table of your own (JSON Lines, CSV or Parquet) with id, owner, label and split.

    Only the column of the text has to be there; a column that is there has a value in each row. Other columns are
    ignored, which is told, and so are texts outside the limits of length. Without ids, a sentence that its owner has
    repeated (in other case or punctuation perhaps) is left out too, and the id is a digest of the sentence and its
    owner. Without a column split, 80/10/10 by the hash of the sentence, so that equal ones stay together.

    Fields: path: the file; in a recipe, from the folder of the recipe, else from the current or the data folder.
            text, owner: the names of these columns. split_by: "owner" keeps the sentences of an owner together.
            labels: the names of the classes, in their order. min_words, max_words: see `SentenceLimits`.
            limit: at most so many records of each split, evenly spaced.
    Errors: SourceError, which names the line that is wrong; WrongField; CodecError when Parquet needs a package.
    """

    terms = Terms(
        content="Sentences from a table of the user's own.",
        persons="semlink does not know who wrote or is named in the table.",
        licence="semlink does not know the terms of the table; whoever passes the codec on has to state them.",
    )

    path: Path
    text: str = "text"
    owner: str = "owner"
    split_by: SplitBy = "record"
    labels: tuple[str, ...] = ()
    min_words: int = 4
    max_words: int = 30
    limit: int | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)
        SentenceLimits(self.min_words, self.max_words)

    def read(self, data_dir: Path | None = None) -> Source:
        path = placed(self.path, "records", data_dir)
        rows = read_table(path)
        text, owner = (column.strip().lower() for column in (self.text, self.owner))
        columns = columns_of(rows)
        for field, column in (("text", text), ("owner", owner)):
            if column not in columns and (field == "text" or column != "owner"):
                raise SourceError(
                    f'{path} has no column "{cut(column)}"; it has {cut(", ".join(columns), 200)}. '
                    f"Name one with {field}=COLUMN."
                )
        arrangement = Arrangement(path, path.name, self.labels, self.split_by, self.limit)
        if ignored := [column for column in columns if column not in (text, owner, "id", "label", "split")]:
            arrangement.notes.append(f"Of {path}, columns ignored: {cut(', '.join(ignored), 200)}.")
        limits = SentenceLimits(self.min_words, self.max_words)
        records: list[OwnRecord] = []
        own: set[str] = set()
        for row in rows:
            sentence = limits.sentence(_text(row, text))
            if sentence is None:
                continue
            digest, of_owner = sentence_digest(sentence), row.word(owner)
            given = row.word("id") if "id" in columns else None
            if "id" in columns and given is None:
                raise SourceError(f"There is no id in {row.place}; give one to all records or to none.")
            key = given or _own_id(path, digest, of_owner)
            if given is None and key in own:
                limits.repeated += 1
                continue
            own.add(key)
            split = split_named(row.word("split"), row.place)
            records.append(OwnRecord(key, sentence, digest, row.place, of_owner, row.word("label"), split))
        if not records:
            raise SourceError(
                f"{path} has no text of {self.min_words} to {self.max_words} words; see min_words and max_words."
            )
        if note := limits.note(path, "rows"):
            arrangement.notes.append(note)
        return arrangement.source("records", "text", records)


def _text(row: TableRow, column: str) -> str:
    value = row.text(column)
    if value is None:
        raise SourceError(f"There is no {cut(column)} in {row.place}; write one, or remove the row.")
    return value


def _own_id(path: Path, digest: str, owner: str | None) -> str:
    """An id that depends on the sentence and its owner alone, and on the name of the file."""
    whose = "" if owner is None else f"-{hashlib.blake2b(owner.encode(), digest_size=3).hexdigest()}"
    return f"{path.stem}/{digest}{whose}"
