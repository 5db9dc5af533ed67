"""Codecs from fields and payloads; mistakes are told in a sentence before anything is built."""

import math
import subprocess
import sys
from typing import Any

import pytest
import torch

from semlink.codecs import CODECS
from semlink.codecs.building import new_codec, new_codec_like
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


def test_a_codec_like_another_has_its_configuration_and_other_weights(case: Any) -> None:
    codec = case.codec(variational=True)
    alike, again = new_codec_like(codec, 4), new_codec_like(codec, 4)
    assert type(alike) is type(codec)
    assert alike.config.to_diff_dict() == codec.config.to_diff_dict()
    assert alike.extra_files() == codec.extra_files()
    values = alike.state_dict()
    assert all(torch.equal(value, values[name]) for name, value in again.state_dict().items())
    assert any(not torch.equal(value, values[name]) for name, value in codec.state_dict().items())


def test_extra_files_make_a_bare_codec_whole(case: Any) -> None:
    codec = case.codec()
    bare = type(codec)(codec.config)
    bare.load_state_dict(codec.state_dict())
    bare.read_extra_files({**codec.extra_files(), "other.txt": b"of no use"})
    bare.eval()
    assert torch.equal(bare.encode(case.batch(bare)).symbols, codec.encode(case.batch(codec)).symbols)


@pytest.mark.parametrize("content", [b"{}", b"\xff\xfe", b"not JSON"])
def test_a_damaged_extra_file_is_refused(text: Any, content: bytes) -> None:
    codec = text.codec()
    (name,) = codec.extra_files()
    with pytest.raises(CodecError, match="vocabulary"):
        codec.read_extra_files({name: content})
    with pytest.raises(KeyError, match=name):
        codec.read_extra_files({})


LIGHT = [
    "semlink.codecs.building",
    "semlink.codecs.contract",
    "semlink.codecs.digital.codec",
    "semlink.codecs.text.tokenizer",
    "semlink.simulator.classical",
]


def test_the_classical_chain_loads_no_models_of_transformers() -> None:
    program = f"import sys, {', '.join(LIGHT)}\nassert 'transformers' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
