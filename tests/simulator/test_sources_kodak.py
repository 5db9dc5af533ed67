"""Kodak photographs from a data folder (skipped where there is none): a source that only tests."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semlink.codecs.building import new_codec
from semlink.errors import CodecError, ErasureError, SourceError
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Source
from semlink.unlearning.partition import divide
from semlink.unlearning.request import ErasureRequest, Selection


def test_photographs_are_there_to_test(data_with: Callable[[str], Path]) -> None:
    source = build_source("kodak", {}, data_with("kodak/kodim24.png"))
    assert len(source.test) == 24
    assert not source.train
    assert not source.validation
    portraits = [record.id for record in source.test if record.payload.shape == (768, 512, 3)]
    assert portraits == [f"kodak/kodim{number:02d}" for number in (4, 9, 10, 17, 18, 19)]
    assert all(record.payload.shape == (512, 768, 3) for record in source.test if record.id not in portraits)
    assert {(record.payload.dtype.name, record.owner, record.label) for record in source.test} == {
        ("uint8", "kodak", None)
    }


def test_a_limit_reads_the_first_files_alone(data_with: Callable[[str], Path], tmp_path: Path) -> None:
    folder = data_with("kodak/kodim01.png")
    (tmp_path / "kodak").mkdir()
    with Image.open(folder / "kodak" / "kodim01.png") as picture:  # another compression of the same pixels
        picture.crop((0, 0, *picture.size)).save(tmp_path / "kodak" / "kodim01.png", compress_level=1)
    found, expected = (build_source("kodak", {"limit": 1}, place) for place in (tmp_path, folder))
    assert found.digest() == expected.digest()
    with pytest.raises(SourceError, match="kodim02"):
        build_source("kodak", {"limit": 2}, tmp_path)


@pytest.mark.parametrize("content", [b"no picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kodak").mkdir()
    (tmp_path / "kodak" / "kodim01.png").write_bytes(content)
    with pytest.raises(SourceError, match=r"kodim01\.png is not a PNG file"):
        build_source("kodak", {}, tmp_path)


def test_another_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kodak").mkdir()
    Image.fromarray(np.zeros((512, 768, 3), np.uint8)).save(tmp_path / "kodak" / "kodim01.png")
    with pytest.raises(SourceError, match="published"):
        build_source("kodak", {}, tmp_path)


def test_what_needs_training_records_says_so(digits: Source) -> None:
    source = replace(digits, train=[], validation=[])
    with pytest.raises(CodecError, match="training records, but there are none"):
        new_codec("image", {}, [record.payload for record in source.train], seed=0)
    selection = Selection(by="owner", values=(source.test[0].owner,))
    request = ErasureRequest(id="r", time="2026-03-01T09:30:00+01:00", reason="a test", selection=selection)
    with pytest.raises(ErasureError, match="matches no training record"):
        divide(source, request)
