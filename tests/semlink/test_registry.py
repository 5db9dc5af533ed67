"""Components are chosen by name, their fields checked before they are built, and every mistake is explained."""

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semlink.errors import UnknownName, WrongField
from semlink.registry import build, canonical, parse


class Fading:
    """An entry with typed fields."""

    def __init__(self, coherence: Literal["symbol", "block"] | int = "block", gain: float = 1.0) -> None:
        self.coherence, self.gain = coherence, gain


@dataclass(frozen=True)
class Needy:
    """An entry with a field that has no default."""

    path: str
    limit: int = 3


TABLE = {"fading": Fading, "needy": Needy}


def test_parse_reads_values_as_yaml_scalars() -> None:
    assert parse("fading:coherence=12,gain=0.5") == ("fading", {"coherence": 12, "gain": 0.5})
    assert parse("fading: coherence=symbol") == ("fading", {"coherence": "symbol"})
    assert parse("fading") == ("fading", {})


@pytest.mark.parametrize("text", ["fading:gain=1,gain=2", "fading:symbol,gain=1, gain =1"])
def test_a_field_stands_once(text: str) -> None:
    with pytest.raises(WrongField, match='the field "gain" twice'):
        parse(text)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.integers() | st.booleans(), max_size=4))
def test_parse_reads_back_what_was_written(fields: dict[str, int]) -> None:
    text = "name:" + ",".join(f"{key}={str(value).lower()}" for key, value in fields.items())
    assert parse(text) == ("name", fields)


def test_the_first_field_may_be_given_as_its_value_alone() -> None:
    made = build("channel", TABLE, *parse("fading:symbol,gain=0.5"))
    assert isinstance(made, Fading)
    assert (made.coherence, made.gain) == ("symbol", 0.5)


def test_build_converts_and_keeps_defaults() -> None:
    made = build("channel", TABLE, "fading", {"gain": 2})
    assert isinstance(made, Fading)
    assert (made.coherence, made.gain) == ("block", 2.0)
    assert build("source", TABLE, "needy", {"path": "a"}) == Needy("a", 3)


@pytest.mark.parametrize(
    ("name", "fields", "error", "words"),
    [
        ("fadding", {}, UnknownName, ['Did you mean "fading"?', "fading, needy"]),
        ("fading", {"coherance": 1}, WrongField, ['Did you mean "coherence"?', "coherence, gain"]),
        ("fading", {"gain": "loud"}, WrongField, ["gain='loud'"]),
        (
            "fading",
            {"coherence": "weekly"},
            WrongField,
            ["coherence='weekly'", "'symbol' or 'block' or a whole number."],
        ),
        ("fading", {"": "symbol", "coherence": 3}, WrongField, ["twice"]),
        ("needy", {}, WrongField, ['needs the field "path"']),
    ],
)
def test_mistakes_are_explained(name: str, fields: dict[str, object], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        build("channel", TABLE, name, fields)
    for word in words:
        assert word in str(caught.value)


def test_a_field_without_a_value_is_refused() -> None:
    with pytest.raises(WrongField, match="field=value"):
        parse("fading:block,gain")


def test_canonical_writes_whole_numbers_without_a_point() -> None:
    assert canonical("fading", Fading, {"gain": 30.0}) == "fading:gain=30"
    assert canonical("fading", Fading, {"gain": 0.5}) == "fading:gain=0.5"


def test_canonical_leaves_defaults_out_and_orders_fields() -> None:
    assert canonical("fading", Fading, {"coherence": "block"}) == "fading"
    assert canonical("fading", Fading, {"gain": 2.0, "coherence": "symbol"}) == "fading:coherence=symbol,gain=2"
