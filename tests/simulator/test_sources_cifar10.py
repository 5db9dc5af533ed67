"""CIFAR-10: the WebP pictures of a data folder (skipped where there are none) and the published archive's format."""

import hashlib
import io
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from semlink.errors import SourceError, WrongField
from semlink.simulator.sources import build_source, cifar10
from semlink.simulator.sources.cifar_archive import read_cifar_archive
from semlink.simulator.sources.contract import SPLITS

# Of the decoded images of the WebP pictures, uint8 [records, 32, 32, 3].
TRAIN_SHA256 = "c8b8f38b0c8964fbbea4908818d70c94407362c2940445233af5e5ad54745aae"
TEST_SHA256 = "d6498903e40261cecbc0277b07dc33cbe764618c3ba8f29c0cf66cff517cd5e7"


def test_the_whole_set(data_with: Callable[[str], Path]) -> None:
    source = build_source("cifar10", {}, data_with("cifar10/labels.npz"))
    assert source.name == "cifar10"
    assert (len(source.train), len(source.validation), len(source.test)) == (45_000, 5_000, 10_000)
    known = [*source.train, *source.validation]
    for records, digest, each in ((known, TRAIN_SHA256, 5000), (source.test, TEST_SHA256, 1000)):
        total = hashlib.sha256()
        for record in records:
            total.update(np.ascontiguousarray(record.payload))
        assert total.hexdigest() == digest
        assert Counter(record.label for record in records) == dict.fromkeys(range(10), each)
    assert known[-1].id == "cifar10/train-49999"
    assert set(Counter(record.owner for record in known).values()) == {100}
    owners = [{record.owner for record in source.split(split)} for split in SPLITS]
    assert sum(map(len, owners)) == len(set().union(*owners)) == 600


def test_the_approximate_images_can_be_left_out(data_with: Callable[[str], Path]) -> None:
    """The first 20 test images that are exact: the others keep their names, and nothing takes their place."""
    folder = data_with("cifar10/labels.npz")
    left_out = set(np.load(folder / "cifar10" / "labels.npz")["approx_test"].tolist())
    last = min(left_out)
    exact = build_source("cifar10", {"approximate": False, "limit": last + 1}, folder)
    assert exact.name == f"cifar10:limit={last + 1},approximate=False"
    expected = [index for index in range(last + 2 + len(left_out)) if index not in left_out][: last + 1]
    assert [record.id for record in exact.test] == [f"cifar10/test-{index:05d}" for index in expected]


def archive_of(batches: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, records in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = records.nbytes
            archive.addfile(member, io.BytesIO(records.tobytes()))
    return buffer.getvalue()


@pytest.fixture
def batches() -> dict[str, np.ndarray]:
    """Six batches of 20 random records each: a label, then the pixels, colour by colour."""
    generator = np.random.default_rng(0)
    names = ["readme.html", "test_batch.bin", *(f"data_batch_{number}.bin" for number in range(1, 6))]
    records = {name: generator.integers(256, size=(20, 3073), dtype=np.uint8) for name in names}
    for rows in records.values():
        rows[:, 0] %= 10
    return records


def test_the_archive_is_read_in_the_order_of_its_batches(tmp_path: Path, batches: dict[str, np.ndarray]) -> None:
    data = archive_of(batches)
    (tmp_path / "a.tar.gz").write_bytes(data)
    found = read_cifar_archive(tmp_path / "a.tar.gz", hashlib.sha256(data).hexdigest())
    assert len(found) == 6
    for (images, labels), name in zip(found, [*sorted(batches)[:5], "test_batch.bin"], strict=True):
        assert np.array_equal(labels, batches[name][:, 0])
        row, column, colour = 3, 17, 2
        assert np.array_equal(images[:, row, column, colour], batches[name][:, 1 + 1024 * colour + 32 * row + column])
    with pytest.raises(SourceError, match="published"):
        read_cifar_archive(tmp_path / "a.tar.gz", "0" * 64)


def test_records_of_the_archive(
    tmp_path: Path, batches: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = archive_of(batches)
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / "cifar-10-binary.tar.gz").write_bytes(data)
    for name, value in {"BATCH": 20, "VALIDATION": 30, "ARCHIVE_SHA256": hashlib.sha256(data).hexdigest()}.items():
        monkeypatch.setattr(cifar10, name, value)
    source = build_source("cifar10", {}, tmp_path)
    assert (len(source.train), len(source.validation), len(source.test)) == (70, 30, 20)
    record = source.validation[10]
    assert record.id == "cifar10/train-00080"
    assert record.label == batches["data_batch_5.bin"][0, 0]
    assert np.array_equal(record.payload.transpose(2, 0, 1).ravel(), batches["data_batch_5.bin"][0, 1:])
    small = build_source("cifar10", {"limit": 25}, tmp_path)
    assert [record.id for record in small.train] == [record.id for record in source.train[:25]]


def test_what_is_missing_or_changed_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cifar-10-binary\.tar\.gz; put the file there.*download=true"):
        build_source("cifar10", {}, tmp_path)
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / "labels.npz").write_bytes(b"other")
    with pytest.raises(SourceError, match=r"labels\.npz has not the content"):
        build_source("cifar10", {}, tmp_path)
    with pytest.raises(WrongField, match="at least 1"):
        build_source("cifar10", {"limit": 0}, tmp_path)
