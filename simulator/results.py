"""Result rows: one measured number each, from which every figure and table is drawn.

The file is JSON Lines (RFC 8259: numbers that are not finite are strings). What rows have in common is written once:

    {"columns": ["codec", "snr_db", "value", "low", "high"], "constants": {"set": "test", "metric": "psnr", ...}}
    ["small", 12.0, 21.5, 21.1, 21.9]
    ["large", 12.0, 24.2, 23.9, 24.5]
    {"constants": {"metric": "ssim"}}
    ["small", 12.0, 0.81, 0.79, 0.83]

An object with `columns` begins a table. An object with `constants` alone changes those that it names, for the rows that
follow. A list is a row; values that are missing at its end, and fields that are neither column nor constant, have the
defaults of `Row`.
"""

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

from semlink.errors import ResultsError
from semlink.files import write_whole
from semlink.untrusted import json_of, read_text


@dataclass(frozen=True)
class Row:
    """One number with its interval and all that says what it is the number of.

    value, low, high: in `unit`; `confidence` is the level of the interval [low, high].
    n:       how many records it rests on. draws: channel draws for each record.
    stopped: why no more draws were made: "target" (half-width reached), "limit", "exact" (not a sample), or
             "seeds" (a mean over runs with several seeds, which only reports draw).
    minus:   where the number is a paired difference, the version that was subtracted.
    snr_db:  Es/N0 in dB, or None where the number does not depend on it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    experiment: str
    codec: str
    version: str
    method: str
    channel: str
    snr_db: float | None
    set: str
    metric: str
    value: float
    low: float
    high: float
    confidence: float
    n: int
    unit: str
    seed: int
    code_version: str
    draws: int = 1
    stopped: str = "limit"
    minus: str | None = None


FIELDS = [field.name for field in dataclasses.fields(Row)]
DEFAULTS = {field.name: field.default for field in dataclasses.fields(Row) if field.default is not dataclasses.MISSING}
MEASURED = ("value", "low", "high")  # always columns
FLOATS = (*MEASURED, "snr_db", "confidence")
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
ROWS_MOST = 256 << 20  # bytes of a file of rows
SELDOM = 8  # a field that changes at most at one row in so many is a constant


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Writes rows, the whole file in one step. Every float comes back as it was."""
    write_whole(path, "".join(f"{line}\n" for line in _lines(list(rows))))


def read_rows(path: Path) -> list[Row]:
    """Reads rows back, in their order.

    Errors: ResultsError when the file is missing, or a line is damaged (named by its number).
    """
    try:
        lines = read_text(path, ROWS_MOST).split("\n")
    except FileNotFoundError as error:
        raise ResultsError(f"There is no {path}; make it with: semlink sweep or semlink quickstart.") from error
    except (UnicodeDecodeError, OSError) as error:
        raise ResultsError(f"{path} is not a text file of result rows.") from error
    adapter = TypeAdapter(Row)
    columns: list[str] = []
    constants: dict[str, Any] = {}
    rows = []
    for number, line in enumerate(lines[:-1] if lines[-1] == "" else lines, start=1):
        try:
            content = json_of(line)
            if isinstance(content, dict):
                columns, constants = _header(content, columns, constants)
                continue
            row = adapter.validate_json(json.dumps({**constants, **_named(content, columns)}), strict=True)
        except ValueError as error:  # of JSON, of pydantic, or of the checks below
            raise ResultsError(
                f"Line {number} of {path} is not a result row; restore the file or run again."
            ) from error
        if row.snr_db is not None and math.isnan(row.snr_db):
            raise ResultsError(f"Line {number} of {path} has no number for its Es/N0; restore the file or run again.")
        rows.append(row)
    return rows


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    columns = [
        field
        for field in FIELDS
        if field in MEASURED
        or SELDOM * sum(getattr(row, field) != getattr(after, field) for row, after in pairwise(rows)) > len(rows)
    ]
    constants: dict[str, Any] = {}
    for row in rows:
        values = {field: _plain(getattr(row, field)) for field in FIELDS}
        changed = {
            field: value
            for field, value in values.items()
            if field not in columns and constants.get(field, row) != value
        }
        if changed:
            yield json.dumps({"constants": changed} if constants else {"columns": columns, "constants": changed})
            constants |= changed
        line = [values[field] for field in columns]
        while columns[len(line) - 1] in DEFAULTS and line[-1] == DEFAULTS[columns[len(line) - 1]]:
            line.pop()
        yield json.dumps(line, separators=(",", ":"))


def _header(content: dict[str, Any], columns: list[str], constants: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """Columns and constants from a header on. Errors: ValueError."""
    if content.keys() - {"columns", "constants"} or not isinstance(content.get("constants"), dict):
        raise ValueError("neither a row nor a header")
    if "columns" in content:
        columns, constants = content["columns"], {}
    elif not columns:
        raise ValueError("a table begins with its columns")
    constants = constants | _with_floats(content["constants"])
    if not isinstance(columns, list) or not {*map(str, columns)} | constants.keys() <= {*FIELDS}:
        raise ValueError("a field that rows do not have")
    if len({*columns, *constants}) < len(columns) + len(constants):
        raise ValueError("a field is either a column or a constant, and once")
    return columns, constants


def _named(content: object, columns: list[str]) -> dict[str, Any]:
    """The values of a row by their columns. Errors: ValueError."""
    if not isinstance(content, list) or len(content) > len(columns):
        raise ValueError("not a list of at most as many values as there are columns")
    return _with_floats(dict(zip(columns, content, strict=False)))


def _with_floats(values: dict[str, Any]) -> dict[str, Any]:
    """The values, with numbers for the words that stand for numbers that are not finite."""
    return {
        field: NOT_FINITE.get(value, value) if field in FLOATS and isinstance(value, str) else value
        for field, value in values.items()
    }


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
