"""Reads the published binary version of CIFAR-10, an archive of six batches of plain bytes."""

import io
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semlink.simulator.sources.published import check_published, content_of

SIDE = 32
BATCHES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")

Batch = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def read_cifar_archive(path: Path, sha256: str) -> list[Batch]:
    """The five training batches and the test batch: images uint8 [records, 32, 32, 3], labels uint8 [records].

    Layout of a record: its label in one byte, then 1024 red, 1024 green and 1024 blue pixels, row by row.
    Errors: SourceError when the file is missing or its digest is not `sha256`.
    Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """
    content = content_of(path)
    check_published(content, sha256, path)
    batches: dict[str, Batch] = {}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            file = archive.extractfile(member)
            if name in BATCHES and file is not None:
                batches[name] = _batch(file.read())
    return [batches[name] for name in BATCHES]


def _batch(data: bytes) -> Batch:
    records = np.frombuffer(data, np.uint8).reshape(-1, 1 + 3 * SIDE**2)
    images = records[:, 1:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].copy()
