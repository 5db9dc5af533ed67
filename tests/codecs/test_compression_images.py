"""Image compressors: what arrives is what the format's own decoder makes of the file, and no bit is sent in vain."""

import contextlib
import io
import itertools
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from semlink.codecs.digital.compression import COMPRESSORS
from semlink.codecs.digital.compression.bits import bits_of
from semlink.codecs.digital.compression.image_file import ImageFile
from semlink.codecs.digital.compression.search import highest_fitting
from semlink.codecs.digital.compression.webp import Webp
from semlink.codecs.optional_import import install_command
from semlink.errors import CodecError

NAMES = sorted(name for name in COMPRESSORS if COMPRESSORS[name].modality == "image")
SHAPES = [(1, 1), (1, 1, 3), (7, 5), (5, 7, 3), (8, 8), (32, 32, 3), (33, 17, 3), (40, 64)]
ALL = 10**7  # bits: any file fits


def made(name: str) -> ImageFile:
    if name == "heic":
        pytest.importorskip("pillow_heif", reason=install_command("heic"))
    compressor = COMPRESSORS[name]()
    assert isinstance(compressor, ImageFile)
    return compressor


def picture(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.uint8]:
    """Smooth waves with a little noise."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0 : shape[0], 0 : shape[1]] / 8.0
    phases = random.uniform(0, 6, shape[2:] or (1,))
    waves = np.stack([np.sin(down + phase) + np.cos(across - phase) for phase in phases], axis=-1)
    values = 128 + 50 * waves + random.normal(0, 6, waves.shape)
    return values.reshape(shape).clip(0, 255).astype(np.uint8)


def error(compressor: ImageFile, bits: NDArray[np.uint8], image: NDArray[np.uint8]) -> float:
    return float(np.square(compressor.restore(bits, image.shape).astype(float) - image).mean())


def decoded(compressor: ImageFile, file: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.asarray(compressor.opened(file).convert("L" if len(shape) == 2 else "RGB"))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_file_comes_back_byte_for_byte(name: str, shape: tuple[int, ...]) -> None:
    compressor, image = made(name), picture(shape)
    for way in range(compressor.ways(shape)):
        for level in (0, compressor.levels // 2, compressor.levels - 1):
            file = compressor.written(image, level, way)
            assert compressor.completed(compressor.shortened(file, shape, level, way), shape) == file


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_the_receiver_sees_what_the_decoder_makes_of_the_file(name: str, shape: tuple[int, ...]) -> None:
    compressor, image = made(name), picture(shape)
    bits = compressor.fit(image, ALL)
    assert bits is not None
    assert bits[0] == 0, "no file of ours is sent whole"
    best = [compressor.written(image, compressor.levels - 1, way) for way in range(compressor.ways(shape))]
    assert any(np.array_equal(compressor.restore(bits, shape), decoded(compressor, file, shape)) for file in best)


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_kept_and_a_larger_one_is_no_worse(name: str) -> None:
    """Quality settings need not be in the order of the squared error to the last digit: 2 % are allowed."""
    compressor, image = made(name), picture((32, 32, 3), seed=1)
    errors, sizes = [], []
    for size in (64, 96, 128, 192, 256, 400, 1000):
        bits = compressor.fit(image, 8 * size)
        if bits is not None:
            assert len(bits) <= 8 * size
            errors.append(error(compressor, bits, image))
            sizes.append(len(bits))
    assert len(errors) >= 5
    assert all(later <= 1.02 * earlier for earlier, later in itertools.pairwise(errors))
    assert errors[-1] < errors[0] / 3
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_fits_into_a_few_bits(name: str) -> None:
    compressor = made(name)
    assert compressor.fit(picture((32, 32, 3)), 5) is None
    assert compressor.fit(picture((7, 5)), 0) is None


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bits_each_time(name: str) -> None:
    image = picture((24, 16, 3))
    first, second = made(name).fit(image, 2000), made(name).fit(image, 2000)
    assert first is not None
    assert second is not None
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("name", "colour", "grey"),
    [
        ("jpeg", (623, 625), (328, 330)),
        ("webp", (29, 31), (29, 31)),
        ("jpeg2000", (125, 170), (110, 160)),
        ("avif", (240, 340), (240, 330)),
        ("heic", (380, 480), (380, 470)),
    ],
)
def test_how_much_is_left_out(name: str, colour: tuple[int, int], grey: tuple[int, int]) -> None:
    """Bytes of a file less those sent. The last three formats name their encoder or vary with it by some bytes."""
    compressor = made(name)
    for shape, (least, most) in (((32, 32, 3), colour), ((32, 32), grey)):
        file = compressor.written(picture(shape), compressor.levels // 2, 0)
        sent = compressor.shortened(file, shape, compressor.levels // 2, 0)
        assert least <= len(file) - len(sent) / 8 <= most


def test_own_huffman_tables_pay_in_large_images() -> None:
    compressor = made("jpeg")
    small, large = picture((16, 16, 3)), picture((256, 256, 3))
    for image, limit, own in ((small, 800, False), (large, 40_000, True)):
        bits = compressor.fit(image, limit)
        assert bits is not None
        assert bool(bits[2]) is own  # the flag, then the way in two bits, whose second says so


def test_a_file_of_another_build_is_sent_whole() -> None:
    class Other(Webp):
        """An encoder whose files begin in a way that was not expected: lossless WebP."""

        def written(self, image: NDArray[np.uint8], level: int, way: int) -> bytes:
            file = io.BytesIO()
            Image.fromarray(image).save(file, "WEBP", lossless=True)
            return file.getvalue()

    image = picture((9, 11, 3))
    bits = Other().fit(image, ALL)
    assert bits is not None
    assert bits[0] == 1
    assert np.array_equal(Other().restore(bits, image.shape), image)
    assert np.array_equal(made("webp").restore(bits, image.shape), image)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=90), cut=st.integers(0, 7), shape=st.sampled_from([(8, 8), (12, 9, 3)]))
def test_bits_of_no_image_are_an_error_or_an_image(name: str, data: bytes, cut: int, shape: tuple[int, ...]) -> None:
    bits = bits_of(data)[cut:]
    with contextlib.suppress(CodecError):
        assert made(name).restore(bits, shape).shape == shape


@pytest.mark.parametrize("name", NAMES)
def test_bits_too_many_or_too_few_are_told(name: str) -> None:
    compressor, image = made(name), picture((16, 16, 3))
    bits = compressor.fit(image, 4000)
    assert bits is not None
    for wrong in (np.append(bits, 1), bits[:-1], bits[:0], np.append(1, bits_of(b"no file"))):
        with pytest.raises(CodecError, match="bits are of no payload"):
            compressor.restore(wrong.astype(np.uint8), image.shape)
    whole = np.append(1, bits_of(compressor.written(image, 0, 0))).astype(np.uint8)
    with pytest.raises(CodecError, match="bits are of no payload"):
        compressor.restore(whole, (16, 8, 3))


@pytest.mark.parametrize(
    "payload", [np.zeros((8, 8)), np.zeros((8, 8, 4), np.uint8), np.zeros((0, 8), np.uint8), "words"]
)
def test_what_is_no_image_is_refused(payload: Any) -> None:
    with pytest.raises(CodecError, match="give uint8 images of shape"):
        made("jpeg").fit(payload, ALL)


def test_heic_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(CodecError, match="pip install pillow-heif"):
        COMPRESSORS["heic"]()


def test_image_coders_learn_nothing(tmp_path: Any) -> None:
    with pytest.raises(CodecError, match="learns nothing"):
        COMPRESSORS["jpeg"].learn([("a",)])
    with pytest.raises(CodecError, match="learns nothing"):
        COMPRESSORS["jpeg"]().save(tmp_path / "file")
    with pytest.raises(CodecError, match="learns nothing"):
        COMPRESSORS["jpeg"].load(tmp_path / "file")


@settings(max_examples=200, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 1000), min_size=1, max_size=80),
    most=st.integers(0, 1000),
    grow=st.booleans(),
    near=st.none() | st.integers(0, 79),
)
def test_the_search_finds_a_level_that_fits_below_one_that_does_not(
    sizes: list[int], most: int, grow: bool, near: int | None
) -> None:
    ordered = sorted(sizes) if grow else sizes
    start = None if near is None else min(near, len(ordered) - 1)
    level = highest_fitting(ordered.__getitem__, len(ordered), most, start)
    if level is None:
        assert ordered[0] > most
    else:
        assert ordered[level] <= most
        assert level + 1 == len(ordered) or ordered[level + 1] > most
        assert not grow or all(size > most for size in ordered[level + 1 :])
