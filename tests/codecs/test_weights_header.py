"""The header of safetensors says what the file holds, or is refused."""

import json

import pytest
import safetensors.torch
import torch

from semlink.codecs.weights_header import StoredTensor, stored_tensors


def test_the_header_says_what_the_library_reads() -> None:
    tensors = {"a": torch.zeros(2, 3), "b": torch.zeros(0, 5, dtype=torch.int64), "c": torch.ones(()).bool()}
    found = stored_tensors(safetensors.torch.save(tensors, {"format": "pt"}))
    assert found == {"a": StoredTensor("F32", (2, 3)), "b": StoredTensor("I64", (0, 5)), "c": StoredTensor("BOOL", ())}


def _file(header: object, data: bytes = bytes(8)) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    "content",
    [
        b"", bytes(7), b"\xff" * 30, (2**40).to_bytes(8, "little"), _file([]), _file({"a": ONE}, bytes(9)),
        _file({"a": 3}),
        _file({"a": ONE, "b": ONE}), _file({"a": {**ONE, "shape": [2**50]}}), _file({"a": {**ONE, "shape": [-2]}}),
        _file({"a": {**ONE, "dtype": []}}), _file({"a": {**ONE, "dtype": "F1"}}),
        _file({"a": {**ONE, "shape": [1] * 99}}),
        _file({"a": {**ONE, "data_offsets": [8, 0]}}), _file({"a": {**ONE, "data_offsets": [4, 12]}}),
        _file({"a": {**ONE, "shape": [True, 2]}}),
    ],
)  # fmt: skip
def test_headers_that_do_not_fit_their_file_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        stored_tensors(content)
