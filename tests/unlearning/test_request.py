"""Requests are read as written, or refused with a sentence that helps."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from semlink.errors import ErasureError
from semlink.unlearning.request import ErasureRequest, read_request, request_from

VALID: dict[str, Any] = {
    "id": "r-1",
    "time": "2026-03-01T09:30:00+01:00",
    "reason": "consent withdrawn",
    "selection": {"by": "owner", "values": ["ann"]},
}


def written(folder: Path, content: object) -> Path:
    path = folder / "request.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_read(tmp_path: Path) -> None:
    request = read_request(written(tmp_path, VALID))
    assert request.model_dump(mode="json") == VALID
    assert read_request(written(tmp_path, request.text())) == request


def test_labels_may_be_numbers() -> None:
    assert request_from({**VALID, "selection": {"by": "label", "values": [7, "8"]}}, "x").selection.values == ("7", "8")


def test_digest_knows_content_and_not_layout() -> None:
    first, second = request_from(VALID, "x"), request_from(dict(reversed(VALID.items())), "x")
    assert first.digest() == second.digest()
    text = json.dumps(VALID, sort_keys=True).replace('": ', '":').replace('", ', '",').replace("}, ", "},")
    assert first.digest() == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    changed = request_from({**VALID, "selection": {"by": "owner", "values": ["anne"]}}, "x")
    assert changed.digest() != first.digest()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"id": None}, '"id" cannot be None'),
        ({"time": "yesterday"}, "ISO 8601"),
        ({"when": "now"}, 'no field "when"; the fields are id, time, reason, selection'),
        ({"selection": {"by": "owner", "values": []}}, '"selection.values" is empty'),
        ({"selection": {"by": "owner", "values": [" "]}}, "selection.values.0"),
        ({"selection": {"by": "owner", "values": [True]}}, "selection.values.0"),
        ({"selection": {"by": "age", "values": ["9"]}}, "'id', 'owner', 'label' or 'term'"),
        ({"selection": {"by": "owner"}}, '"selection.values" is missing'),
        ({"selection": {"by": "owner", "values": ["a"], "or": 1}}, 'no field "selection.or"'),
        ({"selection": "ann"}, "selection is not an object"),
    ],
)
def test_wrong_fields_are_named(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ErasureError) as caught:
        read_request(written(tmp_path, {**VALID, **change}))
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("field", VALID)
def test_missing_fields_are_named(field: str) -> None:
    content = {name: value for name, value in VALID.items() if name != field}
    with pytest.raises(ErasureError, match=f'the field "{field}" is missing'):
        request_from(content, "a recipe")


@pytest.mark.parametrize("content", ["", "{", "\x00", "[" * 100_000])
def test_not_json(tmp_path: Path, content: str) -> None:
    with pytest.raises(ErasureError, match="is not JSON"):
        read_request(written(tmp_path, content))


def test_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(ErasureError, match="There is no request file"):
            read_request(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*VALID, "more"]), JSON) | JSON)
@example({"\n": None})
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_anything_else_is_a_request_or_one_sentence(content: object) -> None:
    merged = {**VALID, **content} if isinstance(content, dict) else content
    try:
        found = request_from(merged, "a test").text()
    except ErasureError as error:
        found = str(error)
    assert "\n" not in found
    if found.startswith("{"):
        assert request_from(json.loads(found), "a test").text() == found
    else:
        assert found.startswith("The erasure request in a test is not valid: ")


@given(st.lists(st.text(min_size=1).filter(lambda text: text.strip() == text), min_size=1, max_size=5))
def test_values_survive(values: list[str]) -> None:
    request = ErasureRequest.model_validate({**VALID, "selection": {"by": "id", "values": values}})
    assert json.loads(request.text())["selection"]["values"] == values


def test_a_request_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    content = '{"id": "r", "time": "2026-11-01", "reason": "x", "selection": {"by": "label", "values": ["0"]}}'
    (tmp_path / "r.json").write_bytes(b"\xef\xbb\xbf" + content.replace(" ", "\r").encode())
    assert read_request(tmp_path / "r.json").id == "r"


@pytest.mark.parametrize("content", ['{"id": "a", "id": "b"}', '"\\ud800"', "[" * 10**5, "NaN", "9" * 5000])
def test_json_that_is_not_taken_is_no_request(content: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(ErasureError, match="is not JSON"):
        read_request(tmp_path / "r.json")
