"""Codecs from fields and payloads; mistakes are told in a sentence before anything is built."""

import math
from typing import Any

import pytest
import torch

from semlink.codecs import CODECS
from semlink.codecs.building import new_codec
from semlink.codecs.text.configuration import TextCodecConfig
from semlink.errors import CodecError, SemlinkError, UnknownName, WrongField
from semlink.registry import fields_of


def test_fields_are_ours_alone_and_have_defaults(case: Any) -> None:
    fields = fields_of(CODECS[case.name])
    assert {*case.fields, "variational", "representation_variance"} <= fields.keys()
    assert "id2label" not in fields
    config = CODECS[case.name].config_class()
    assert {field: getattr(config, field) for field in fields} == {
        field: default for field, (_, default) in fields.items()
    }


def test_fields_reach_the_configuration(case: Any) -> None:
    codec = case.codec(representation_variance=0.2, variational=True)
    wanted = {**case.fields, "representation_variance": 0.2, "variational": True}
    assert {field: getattr(codec.config, field) for field in wanted} == wanted
    assert not codec.config_class().variational


def test_sizes_come_from_the_payloads(text: Any, image: Any, deepjscc: Any) -> None:
    codec = text.codec()
    words = {word for sentence in text.payloads for word in codec.words(sentence)}
    assert codec.config.vocabulary_size == len(words) + 2
    for codec in (image.codec(), deepjscc.codec()):
        assert (codec.config.height, codec.config.width, codec.config.channels) == (8, 6, 1)


def _refused(case: Any, field: str, value: object) -> None:
    with pytest.raises(WrongField, match=field) as caught:
        case.codec(**{field: value})
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("representation_variance", math.nan),
        ("representation_variance", math.inf),
        ("representation_variance", 0.0),
        ("variational", "perhaps"),
        ("d_modle", 16),
        ("id2label", {}),
    ],
)
def test_wrong_fields_are_refused(case: Any, field: str, value: object) -> None:
    _refused(case, field, value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("d_model", -4), ("d_model", 0), ("d_model", "wide"), ("d_model", 15), ("heads", 3), ("encoder_layers", 0)],
)
@pytest.mark.parametrize("name", ["text", "image"])
def test_wrong_fields_of_transformers_are_refused(
    request: pytest.FixtureRequest, name: str, field: str, value: object
) -> None:
    _refused(request.getfixturevalue(name), field, value)


def test_configuration_alone_refuses_wrong_values() -> None:
    with pytest.raises(WrongField, match="symbols_per_token"):
        TextCodecConfig(symbols_per_token=0)


@pytest.mark.parametrize(
    ("name", "payloads", "error"),
    [
        ("txet", ["a"], UnknownName),
        ("text", [], CodecError),
        ("image", [], CodecError),
        ("deepjscc", [], CodecError),
        ("text", [torch.zeros(8, 8).numpy()], CodecError),
        ("image", ["a sentence"], CodecError),
        ("deepjscc", ["a sentence"], CodecError),
    ],
)
def test_wrong_payloads_are_refused(name: str, payloads: list[Any], error: type[SemlinkError]) -> None:
    with pytest.raises(error):
        new_codec(name, {}, payloads, seed=0)
