"""The IDX parser returns what was written and refuses everything damaged."""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from semlink.errors import SourceError
from semlink.simulator.sources.idx import parse_idx, read_idx

ARRAYS = arrays.arrays(np.uint8, arrays.array_shapes(max_dims=3, max_side=6))


def idx_bytes(array: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@given(ARRAYS)
def test_round_trip(array: np.ndarray) -> None:
    assert np.array_equal(parse_idx(idx_bytes(array), "f"), array)


@given(ARRAYS, st.data())
def test_every_cut_is_refused(array: np.ndarray, data: st.DataObject) -> None:
    whole = idx_bytes(array)
    with pytest.raises(SourceError):
        parse_idx(whole[: data.draw(st.integers(0, len(whole) - 1))], "f")


@given(ARRAYS, st.binary(min_size=1, max_size=5))
def test_trailing_bytes_are_refused(array: np.ndarray, extra: bytes) -> None:
    with pytest.raises(SourceError, match="length"):
        parse_idx(idx_bytes(array) + extra, "f")


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_refused(data: bytes) -> None:
    try:
        array = parse_idx(data, "f")
    except SourceError:
        return
    assert idx_bytes(array) == data


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_wrong_magic_number_is_refused(place: int) -> None:
    data = bytearray(idx_bytes(np.zeros((2, 2), np.uint8)))
    data[place] = 0x0D
    with pytest.raises(SourceError, match="not an IDX file"):
        parse_idx(bytes(data), "f")


def test_read_checks_the_content(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    path, data = tmp_path / "a.gz", idx_bytes(array)
    path.write_bytes(gzip.compress(data))
    digest = hashlib.sha256(data).hexdigest()
    assert np.array_equal(read_idx(path, digest), array)
    with pytest.raises(SourceError, match="published"):
        read_idx(path, "0" * 64)
    with pytest.raises(SourceError, match="There is no"):
        read_idx(tmp_path / "b.gz", digest)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: b"text", lambda data: data[:12] + b"\xff" * 40]
)
def test_a_damaged_archive_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(damage(gzip.compress(idx_bytes(np.arange(200, dtype=np.uint8)))))
    with pytest.raises(SourceError, match="decompressed"):
        read_idx(path, "0" * 64)
