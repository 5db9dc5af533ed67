"""CIFAR-10: 32 x 32 colour photographs of ten classes, from a data folder."""

import functools
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semlink.simulator.sources.cifar_archive import SIDE, Batch, read_cifar_archive
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.data_folder import data_folder
from semlink.simulator.sources.download import obtain
from semlink.simulator.sources.published import check_published, content_of
from semlink.simulator.sources.reader import SourceReader, Terms
from semlink.simulator.sources.splits import check_limit
from semlink.simulator.sources.tile_grid import read_tile_grid

BATCH = 10_000  # images of one file
TEST = 5  # number of the test file, after those of training
VALIDATION = 5000  # the last images of the training files
BLOCK = 100  # images of one contributor
LABELS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

ARCHIVE = "cifar-10-binary.tar.gz"
ARCHIVE_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
ARCHIVE_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
LABELS_SHA256 = "25b7981bf85a0a1c6141ad502509f24b42a759e61f39ad8e27f7c3bd31c523c2"
GRIDS_SHA256 = {  # in the order of the batches
    "train_1.webp": "b99023f2efee7370d9519a72de898a6b00c1508fb6b5054cef4e0f8d2df97e8d",
    "train_2.webp": "32d8cbf842d047c1aa1c3e6f212f9a8e7f1c0edfcfbfe9d297310699cf37c9b7",
    "train_3.webp": "ae66292b8318941781532a0a587da2a835edae158623b9856bca978ddb08166a",
    "train_4.webp": "f8a0bcdc428a44ddd64fd0ea5ccddbecf7fa5173de4d8d8827011e99c0dd0f3e",
    "train_5.webp": "bd20dcd8ad5063eb6c6fa68159f0dcef084163ec5dc1dfa0559c82d6d31e4ebe",
    "test.webp": "a1c4f8c846175df7ea309c646133d5dfa2931c744b64268d1ec180c85c67fda1",
}


@dataclass(frozen=True)
class Cifar10(SourceReader):
    """Photographs, uint8 [32, 32, 3]: 45 000 training, 5 000 validation (the last training images), 10 000 test images.

    The folder `cifar10/` holds the published archive of the binary version or, else, six lossless WebP pictures of
    100 x 100 tiles with `labels.npz`, in the same order. In the WebP pictures 144 training and 32 test images are
    approximate: they come from a JPEG copy.

    Owners are synthetic: each block of 100 consecutive images belongs to one contributor, "train-000" to "train-499"
    and "test-000" to "test-099".

    Fields: limit: at most so many records of each split, the first ones.
            approximate: false leaves the approximate images out, as figures to compare with published ones need it.
            download: get the published archive (170 MB) where the folder has neither.
    Errors: SourceError when a file is missing or differs from the published one; WrongField for a limit below 1.
    Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """

    terms = Terms(
        content="Small colour photographs of ten classes (A. Krizhevsky, Learning Multiple Layers of Features, 2009).",
        persons="Collected from the web; neither photographers nor persons shown are recorded.",
        licence="No licence is stated; used for research with citation.",
    )

    limit: int | None = None
    approximate: bool = True
    download: bool = False

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def read(self, data_dir: Path | None) -> Source:
        folder = data_folder("cifar10", data_dir) / "cifar10"
        archive, table = folder / ARCHIVE, folder / "labels.npz"
        left_out = {"train": frozenset[int](), "test": frozenset[int]()}
        if archive.is_file() or not table.is_file():
            obtain(archive, ARCHIVE_URL, ARCHIVE_SHA256, self.download)
            batch: Callable[[int], Batch] = read_cifar_archive(archive, ARCHIVE_SHA256).__getitem__
        else:
            labels = _labels(table)
            batch = functools.cache(lambda number: _grid_batch(folder, labels, number))
            if not self.approximate:
                left_out = {split: frozenset(labels[f"approx_{split}"].tolist()) for split in left_out}

        def records(split: str, places: range) -> list[Record]:
            kept = (index for index in places if index not in left_out[split])
            return list(islice(_records(batch, split, kept), self.limit))

        known = TEST * BATCH
        train, validation = range(known - VALIDATION), range(known - VALIDATION, known)
        splits = records("train", train), records("train", validation), records("test", range(BATCH))
        return Source("cifar10", "image", *splits, LABELS)


def _records(batch: Callable[[int], Batch], split: str, places: Iterator[int]) -> Iterator[Record]:
    """Records one by one, so that only the batches that a limit leaves are decoded."""
    for index in places:
        number, place = (TEST, index) if split == "test" else divmod(index, BATCH)
        images, labels = batch(number)
        yield Record(f"cifar10/{split}-{index:05d}", images[place], f"{split}-{index // BLOCK:03d}", int(labels[place]))


def _labels(path: Path) -> dict[str, NDArray[np.uint8]]:
    content = content_of(path)
    check_published(content, LABELS_SHA256, path)
    with np.load(io.BytesIO(content)) as stored:
        return dict(stored)


def _grid_batch(folder: Path, labels: Mapping[str, NDArray[np.uint8]], number: int) -> Batch:
    name, digest = list(GRIDS_SHA256.items())[number]
    its_labels = labels["test"] if number == TEST else labels["train"][number * BATCH : (number + 1) * BATCH]
    return read_tile_grid(folder / name, digest, SIDE), its_labels
