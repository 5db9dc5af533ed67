"""Olivetti faces from a data folder; skipped where there is none."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from semlink.errors import SourceError
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import SPLITS


def test_every_person_is_in_every_split(data_with: Callable[[str], Path]) -> None:
    source = build_source("faces", {}, data_with("olivetti/olivetti_faces.npz"))
    persons = {f"person-{number:02d}" for number in range(40)}
    for split, count in zip(SPLITS, (8, 1, 1), strict=True):
        assert Counter(record.owner for record in source.split(split)) == dict.fromkeys(persons, count)
    records = [record for split in SPLITS for record in source.split(split)]
    assert len({record.id for record in records}) == len({record.payload.tobytes() for record in records}) == 400
    assert all(record.payload.shape == (64, 64) and record.payload.dtype == np.uint8 for record in records)
    assert all(record.label is not None and source.labels[record.label] == record.owner for record in records)


def test_pictures_of_a_person_are_alike(data_with: Callable[[str], Path]) -> None:
    """The published figure: the nearest other picture shows the same person for 94.5 % of the 400."""
    source = build_source("faces", {}, data_with("olivetti/olivetti_faces.npz"))
    records = [record for split in SPLITS for record in source.split(split)]
    pixels = np.stack([record.payload.ravel() for record in records]).astype(np.float64)
    squares = (pixels**2).sum(axis=1)
    distance = squares[:, None] + squares - 2 * pixels @ pixels.T
    np.fill_diagonal(distance, np.inf)
    owners = np.array([record.owner for record in records])
    assert np.mean(owners[distance.argmin(axis=1)] == owners) == pytest.approx(0.945, abs=0.001)


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no .*olivetti_faces\.npz"):
        build_source("faces", {}, tmp_path)
    (tmp_path / "olivetti").mkdir()
    np.savez(tmp_path / "olivetti" / "olivetti_faces.npz", faces=np.zeros((400, 64, 64), np.uint8))
    with pytest.raises(SourceError, match="published"):
        build_source("faces", {}, tmp_path)
