"""Result rows: one measured number each, as JSON Lines, from which every figure and table is drawn."""

import dataclasses
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from semlink.errors import ResultsError
from semlink.files import write_whole


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


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Writes rows as JSON Lines, the whole file in one step. Infinities are written as JavaScript writes them."""
    write_whole(path, "".join(json.dumps(dataclasses.asdict(row)) + "\n" for row in rows))


def read_rows(path: Path) -> list[Row]:
    """Reads rows back.

    Errors: ResultsError when the file is missing, or a line is not a row (named by its number).
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise ResultsError(f"There is no {path}; make it with: semlink sweep or semlink quickstart.") from error
    except UnicodeDecodeError as error:
        raise ResultsError(f"{path} is not a text file of result rows.") from error
    adapter = TypeAdapter(Row)
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = adapter.validate_json(line, strict=True)
        except ValidationError as error:
            raise ResultsError(f"Line {number} of {path} is not a result row; remove the line or run again.") from error
        if row.snr_db is not None and math.isnan(row.snr_db):
            raise ResultsError(f"Line {number} of {path} has no number for its Es/N0; remove the line or run again.")
        rows.append(row)
    return rows
