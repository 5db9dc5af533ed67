"""Rows of a table that a user wrote: JSON Lines, CSV or Parquet."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semlink.errors import SourceError
from semlink.untrusted import cut, json_of, read_bytes, shown

FILE_MOST = 1 << 30  # bytes
VALUE_MOST = 1000  # characters of an id, an owner, a label or a split, as in a request
SUFFIXES = (".jsonl", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True)
class TableRow:
    """One row. place: "line 3 of people.csv", for error sentences. values: by column, in lower case."""

    place: str
    values: Mapping[str, Any]

    def text(self, column: str) -> str | None:
        """A text, or a whole number as one; None where the row has none. Errors: SourceError for anything else."""
        value = self.values.get(column)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is not None and not isinstance(value, str):
            raise SourceError(f"{_head(self.place)} has {column} {shown(value)}; write a text or a whole number.")
        return value.strip() or None if value is not None else None

    def word(self, column: str) -> str | None:
        """A text that is a name: an id, an owner, a label or a split. Errors: SourceError when it is too long."""
        value = self.text(column)
        if value is not None and len(value) > VALUE_MOST:
            raise SourceError(
                f"{_head(self.place)} has {column} of {len(value)} characters; write at most {VALUE_MOST}."
            )
        return value


def read_table(path: Path) -> list[TableRow]:
    """The rows of a file, whose name says what it is. The delimiter of CSV is what its first line has most of , ; tab.

    Errors: SourceError when it is missing, damaged, has no rows, or names a column twice; CodecError where Parquet
            cannot be read for want of a package.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SourceError(f"{path} is no table; give a file that ends in {', '.join(SUFFIXES)}.")
    try:
        content = read_bytes(path, FILE_MOST)
    except OSError as error:
        raise SourceError(
            f"There is no table {cut(path, 200)} that can be read; check its name and its permissions."
        ) from error
    if path.suffix.lower() == ".parquet":
        rows = list(_parquet_rows(content, path))
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise SourceError(f"Line {line} of {path} is not UTF-8 text; save the file as UTF-8.") from error
        rows = list(_json_rows(text, path) if path.suffix.lower() == ".jsonl" else _csv_rows(text, path))
    if not rows:
        raise SourceError(f"{path} has no rows; write one record a line.")
    return rows


def columns_of(rows: list[TableRow]) -> list[str]:
    """All columns that some row has."""
    return list(dict.fromkeys(column for row in rows for column in row.values))


def _json_rows(text: str, path: Path) -> Iterator[TableRow]:
    for number, line in enumerate(text.split("\n"), start=1):  # other line ends may stand inside a JSON text
        if line.strip():
            place = f"line {number} of {path}"
            try:
                values = json_of(line, dict)
            except ValueError as error:
                raise SourceError(f"{_head(place)} is no JSON object ({cut(error)}); write one a line.") from error
            yield TableRow(place, _named(list(values), list(values.values()), place))


def _csv_rows(text: str, path: Path) -> Iterator[TableRow]:
    if "\0" in text:
        raise SourceError(f"{path} has a zero byte in it, as no text has; save the file as UTF-8.")
    first = text.lstrip("\r\n").partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        header = next(filter(_filled, reader), [])
        for cells in reader:
            place = f"line {reader.line_num} of {path}"
            if len(cells) > len(header):
                raise SourceError(
                    f"{_head(place)} has {len(cells)} cells for {len(header)} columns; put quotes around a text "
                    "with a delimiter in it."
                )
            if _filled(cells):
                yield TableRow(place, _named(header, [*cells, *[""] * (len(header) - len(cells))], place))
    except csv.Error as error:
        raise SourceError(f"Line {reader.line_num} of {path} is not CSV ({cut(error)}); check its quotes.") from error


def _filled(cells: list[str]) -> bool:
    return any(map(str.strip, cells))


def _parquet_rows(content: bytes, path: Path) -> Iterator[TableRow]:
    from semlink.codecs.optional_import import optional_import  # here, since few tables are Parquet

    parquet = optional_import("pyarrow.parquet", "parquet", "Reading Parquet")
    arrow = optional_import("pyarrow", "parquet", "Reading Parquet")
    number = 0
    try:
        for batch in parquet.ParquetFile(io.BytesIO(content)).iter_batches():
            for values in batch.to_pylist():
                number += 1
                place = f"row {number} of {path}"
                yield TableRow(place, _named(list(values), list(values.values()), place))
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise SourceError(f"{path} is not Parquet, or damaged ({cut(error)}); write it again.") from error


def _head(place: str) -> str:
    """A place at the beginning of a sentence."""
    return place[0].upper() + place[1:]


def _named(columns: list[str], cells: list[Any], place: str) -> dict[str, Any]:
    """The cells by the names of their columns; those without a name, as spreadsheets leave behind, are none."""
    pairs = [(name, cell) for column, cell in zip(columns, cells, strict=True) if (name := column.strip().lower())]
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SourceError(f'{_head(place)} has the column "{cut(twice)}" twice; rename one.')
    return dict(pairs)
