"""MNIST and Fashion-MNIST: 28 x 28 grey images of ten classes, from a data folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.data_folder import data_folder
from semlink.simulator.sources.idx import read_idx
from semlink.simulator.sources.reader import Reader
from semlink.simulator.sources.splits import check_limit

VALIDATION = 5000  # the last images of the training file
BLOCK = 100  # images of one contributor

MNIST_SHA256 = {  # of the decompressed files
    "train-images-idx3": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
FASHION_SHA256 = {
    "train-images-idx3": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
FASHION_LABELS = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


@dataclass(frozen=True)
class Mnist(Reader):
    """Handwritten digits: 55 000 training, 5 000 validation (the last of the training file) and 10 000 test images.

    The files do not tell who wrote what, so owners are synthetic: each block of 100 consecutive images of a file
    belongs to one contributor, "train-000" to "train-599" and "test-000" to "test-099".

    Fields: limit: at most so many records of each split, the first ones.
    Errors: SourceError when a file is missing or differs from the published one; WrongField for a limit below 1.
    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits; files in `mnist/`.
    """

    limit: int | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def read(self, data_dir: Path | None) -> Source:
        labels = tuple(map(str, range(10)))
        return _read("mnist", MNIST_SHA256, labels, self.limit, data_dir)


@dataclass(frozen=True)
class FashionMnist(Reader):
    """Articles of clothing, in the format, splits and synthetic owners of `Mnist`.

    Fields: limit: at most so many records of each split, the first ones.
    Errors: as `Mnist`.
    Source: H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, 2017; files in `fashion-mnist/`.
    """

    limit: int | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def read(self, data_dir: Path | None) -> Source:
        return _read("fashion-mnist", FASHION_SHA256, FASHION_LABELS, self.limit, data_dir)


def _read(
    name: str, digests: Mapping[str, str], labels: tuple[str, ...], limit: int | None, data_dir: Path | None
) -> Source:
    folder = data_folder(name, data_dir) / name
    known = _records(folder, digests, name, "train", "train")
    test = _records(folder, digests, name, "t10k", "test")
    return Source(name, "image", known[:-VALIDATION][:limit], known[-VALIDATION:][:limit], test[:limit], labels)


def _records(folder: Path, digests: Mapping[str, str], name: str, prefix: str, split: str) -> list[Record]:
    images, labels = (
        read_idx(folder / f"{prefix}-{kind}-ubyte.gz", digests[f"{prefix}-{kind}"])
        for kind in ("images-idx3", "labels-idx1")
    )
    return [
        Record(f"{name}/{split}-{index:05d}", image, f"{split}-{index // BLOCK:03d}", int(label))
        for index, (image, label) in enumerate(zip(images, labels, strict=True))
    ]
