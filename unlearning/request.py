"""An erasure request: who asks for what to be forgotten, as a JSON file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from semlink.errors import ErasureError
from semlink.registry import reason_of
from semlink.untrusted import cut, json_of, read_bytes, shown

REQUEST_MOST = 16 << 20  # bytes: some hundred thousand ids
By = Literal["id", "owner", "label", "term"]
LONGEST = 1000  # characters of a value: longer ones are no names
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Selection(BaseModel):
    """Which records: those whose id, owner or label is among the values, or whose text names one of them.

    A label is given by its number or by the name of the class. A term is a word, or several that stand together;
    it matches whole words, however they are written (see `semlink.codecs.text.words.folded`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: By
    values: tuple[Annotated[Word, BeforeValidator(_as_text)], ...] = Field(min_length=1)


class ErasureRequest(BaseModel):
    """A request to forget, as `read_request` reads it.

    id: how the requester calls it. time: ISO 8601, when it was made. reason: in words. selection: what to forget.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Word
    time: str
    reason: Word
    selection: Selection

    @field_validator("time")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        try:
            datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("write the time as ISO 8601, such as 2026-03-01T09:30:00+01:00") from error
        return value

    @classmethod
    def of(cls, by: By, values: str | Sequence[str], reason: str, id: str = "", time: str = "") -> "ErasureRequest":  # noqa: A002
        """A request in one line. by: "id", "owner", "label" or "term". time: ISO 8601; "": now, so that each call
        makes another request; a script that is to go on where it stopped states it. id: "": from the time.

        Errors: ErasureError.
        """
        listed = [values] if isinstance(values, str) else list(values)
        made = time or datetime.now(UTC).isoformat(timespec="seconds")
        content = {"id": id or f"request-{made}", "time": made, "reason": reason}
        return request_from({**content, "selection": {"by": by, "values": listed}}, "the call")

    def text(self) -> str:
        """The request as JSON in its one form: sorted keys, no spaces."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    def digest(self, salt: str = "") -> str:
        """SHA-256 over a salt and `text`: "sha256:...".

        With another salt, nobody can tell that two digests are of one request without having the request.
        """
        return f"sha256:{hashlib.sha256((salt + self.text()).encode()).hexdigest()}"

    def summary(self) -> dict[str, Any]:
        """What may travel: time, kind of the selection and number of its values. A digest could be guessed."""
        return {
            "time": self.time,
            "by": self.selection.by,
            "values": len(self.selection.values),
        }


def is_summary(request: Mapping[str, Any]) -> bool:
    """Whether this is all that may travel of a request: its summary, or the mark of one that is kept elsewhere."""
    return request.keys() in ({"time", "by", "values"}, {"kept"})


def read_request(path: Path) -> ErasureRequest:
    """Reads a request from a JSON file.

    Errors: ErasureError when the file is missing, is not JSON, or has a missing, unknown or wrong field.
    """
    try:
        content = json_of(read_bytes(path, REQUEST_MOST))
    except OSError as error:
        raise ErasureError(f"There is no request file {path} that can be read; give its path as --request.") from error
    except ValueError as error:
        raise ErasureError(f"{path} is not JSON; write the request as an object with {_fields()}.") from error
    return request_from(content, str(path))


def request_from(content: object, where: str) -> ErasureRequest:
    """A request from plain data, such as a part of a recipe. `where` names its origin in the error sentence.

    Errors: ErasureError when a field is missing, unknown or wrong.
    """
    if isinstance(content, Mapping) and content.keys() == {"kept"}:
        raise ErasureError(
            f"The full request in {where} is not at hand; put back requests.json, which its owner keeps."
        )
    try:
        return ErasureRequest.model_validate(content)
    except ValidationError as error:
        raise ErasureError(f"The erasure request in {where} is not valid: {_explain(error)}") from error


def _fields() -> str:
    top, inner = ", ".join(ErasureRequest.model_fields), " and ".join(Selection.model_fields)
    return f"{top} (an object with {inner})"


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    field = cut(json.dumps(".".join(map(str, first["loc"])))[1:-1])  # a name may hold line breaks
    match first["type"]:
        case "missing":
            return f'the field "{field}" is missing; the fields are {_fields()}.'
        case "extra_forbidden":
            return f'there is no field "{field}"; the fields are {_fields()}.'
        case "too_short":
            return f'"{field}" is empty; name at least one value.'
        case "tuple_type":
            return f'"{field}" is no list; write one, such as ["Weber"].'
        case "model_type":
            return f"{f'{field} is' if field else 'it is'} not an object; the fields are {_fields()}."
        case _:
            reason = reason_of(error)
            return f'"{field}" cannot be {shown(first["input"])}: {reason[0].lower()}{reason[1:]}.'
