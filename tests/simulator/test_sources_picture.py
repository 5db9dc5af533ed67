"""Image files as payloads: the rules of conversion, what is refused, crops, and how much stays in memory."""

import pickle
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semlink.errors import SourceError
from semlink.seeding import generator_for
from semlink.simulator.sources.picture import Picture, PictureCache
from semlink.simulator.sources.picture_file import PictureFile
from tests.simulator.picture_files import picture, save_pictures


def pixels(image: Image.Image, path: Path, **options: object) -> np.ndarray:
    image.save(path, **options)
    return PictureFile.of(path).pixels()


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_lossless_files_keep_their_values(tmp_path: Path, mode: str, suffix: str) -> None:
    image = picture(0, mode=mode)
    assert np.array_equal(pixels(image, tmp_path / f"a.{suffix}"), np.asarray(image.convert("RGB")))


def test_what_is_transparent_is_laid_on_white(tmp_path: Path) -> None:
    image = picture(0)
    image.putalpha(0)
    assert (pixels(image, tmp_path / "a.png") == 255).all()


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_of_16_bits_the_upper_8_are_taken(tmp_path: Path, suffix: str) -> None:
    values = np.random.default_rng(0).integers(0, 1 << 16, (5, 6), dtype=np.uint16)
    found = pixels(Image.fromarray(values), tmp_path / f"a.{suffix}")
    assert np.array_equal(found, np.repeat((values >> 8)[..., None], 3, axis=2))


def test_the_rotation_of_exif_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(0).save(tmp_path / "a.webp", exif=exif, lossless=True)
    file = PictureFile.of(tmp_path / "a.webp")
    assert (file.height, file.width) == (24, 20)
    assert np.array_equal(file.pixels(), np.rot90(np.asarray(picture(0)), -1))


def test_damaged_exif_is_left_out_in_silence(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    damaged = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\3\0\0\0\1\0\1\0\0"
    assert pixels(picture(0), tmp_path / "a.jpg", exif=damaged).shape == (20, 24, 3)
    assert not recwarn.list


def test_grey_and_shrunk(tmp_path: Path) -> None:
    picture(0, 20, 40).save(tmp_path / "a.png")
    file = PictureFile.of(tmp_path / "a.png", "grey", longest=10)
    assert file.shrunk
    assert file.pixels().shape == (file.height, file.width) == (5, 10)


@pytest.mark.parametrize(
    ("name", "image", "options", "sentence"),
    [
        ("a.jpg", picture(0, mode="CMYK"), {}, "CMYK image, made for print"),
        ("a.tif", picture(0, mode="F"), {}, "floating-point"),
        ("a.tif", picture(0, mode="I"), {}, "32-bit"),
        ("a.webp", picture(0), {"save_all": True, "append_images": [picture(1)]}, "several images"),
        ("a.png", picture(0), {"save_all": True, "append_images": [picture(1)]}, "several images"),
        ("a.tif", picture(0), {"save_all": True, "append_images": [picture(1)]}, "several images"),
        ("a.png", picture(0), {"format": "GIF"}, "no PNG, JPEG, WebP or TIFF"),
    ],
)
def test_images_without_a_rule_are_refused_by_name(
    tmp_path: Path, name: str, image: Image.Image, options: dict, sentence: str
) -> None:
    with pytest.raises(SourceError, match=f"{name}.*{sentence}"):
        pixels(image, tmp_path / name, **options)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    with pytest.raises(SourceError, match="more than 67108864 pixels"):
        PictureFile.of(tmp_path / "a.png")


@pytest.mark.parametrize("share", [0, 0.02, 0.5, 0.9])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, share: float) -> None:
    picture(0, 200, 200).save(tmp_path / "a.jpg")
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[: int(share * len(content))])
    with pytest.raises(SourceError, match=r"a\.jpg is damaged"):
        PictureFile.of(tmp_path / "a.jpg").pixels()


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    (path,) = save_pictures(tmp_path, 1)
    file = PictureFile.of(path)
    picture(7).save(path)
    with pytest.raises(SourceError, match="changed while it was in use"):
        file.pixels()


def test_numpy_takes_the_middle_and_the_digest_all(tmp_path: Path) -> None:
    (path,) = save_pictures(tmp_path, 1)
    whole = Picture(PictureFile.of(path), PictureCache())
    middle = Picture(whole.file, whole.cache, crop=8)
    assert np.shape(whole) == np.asarray(whole).shape == (20, 24, 3)
    assert np.shape(middle) == (8, 8, 3)
    assert np.array_equal(np.asarray(middle), np.asarray(whole)[6:14, 8:16])
    assert np.array_equal(np.asarray(middle.whole), np.asarray(whole))


def test_random_crops_repeat_and_lie_in_the_image(tmp_path: Path) -> None:
    (path,) = save_pictures(tmp_path, 1)
    payload = Picture(PictureFile.of(path), PictureCache(), crop=8)
    whole = np.asarray(payload.whole)
    windows = np.lib.stride_tricks.sliding_window_view(whole, (8, 8, 3)).reshape(-1, 8, 8, 3)
    crops = [payload.random_crop(generator_for(seed)) for seed in range(20)]
    assert all((windows == crop).all(axis=(1, 2, 3)).any() for crop in crops)
    assert len({crop.tobytes() for crop in crops}) > 10
    assert np.array_equal(crops[3], payload.random_crop(generator_for(3)))
    shrunk = Picture(payload.file, payload.cache, crop=8, smallest=0.1)
    assert {shrunk.random_crop(generator_for(seed)).shape for seed in range(20)} == {(8, 8, 3)}


def test_memory_is_bounded_and_nothing_travels_with_a_payload(tmp_path: Path) -> None:
    cache = PictureCache(most=3 * 20 * 24 * 3)
    payloads = [Picture(PictureFile.of(path), cache) for path in save_pictures(tmp_path, 9)]
    first = [np.asarray(payload) for payload in payloads]
    assert len(cache.pixels) == 3
    assert cache.size == 3 * 20 * 24 * 3
    again = pickle.loads(pickle.dumps(payloads))
    assert len(pickle.dumps(payloads)) < 9 * 20 * 24 * 3
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
