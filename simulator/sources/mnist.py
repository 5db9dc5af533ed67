"""MNIST and Fashion-MNIST: 28 x 28 grey images of ten classes, from a data folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.data_folder import data_folder
from semlink.simulator.sources.download import obtain
from semlink.simulator.sources.idx import read_idx
from semlink.simulator.sources.reader import SourceReader, Terms
from semlink.simulator.sources.splits import check_limit

VALIDATION = 5000  # the last images of the training file
BLOCK = 100  # images of one contributor
FASHION_LABELS = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


@dataclass(frozen=True)
class _Published:
    """A data set of four gzip-compressed IDX files, with the digests of what is sent and of what it holds."""

    name: str
    url: str
    sent: Mapping[str, str]
    held: Mapping[str, str]
    labels: tuple[str, ...]


MNIST = _Published(
    name="mnist",
    url="https://ossci-datasets.s3.amazonaws.com/mnist",
    sent={
        "train-images-idx3": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    held={
        "train-images-idx3": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    labels=tuple(map(str, range(10))),
)
FASHION_MNIST = _Published(
    name="fashion-mnist",
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    sent={
        "train-images-idx3": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    held={
        "train-images-idx3": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    labels=FASHION_LABELS,
)


@dataclass(frozen=True)
class Mnist(SourceReader):
    """Handwritten digits: 55 000 training, 5 000 validation (the last of the training file) and 10 000 test images.

    The files do not say who wrote what, so owners are synthetic: each block of 100 consecutive images of a file
    belongs to one contributor, "train-000" to "train-599" and "test-000" to "test-099".

    Fields: limit: at most so many records of each split, the first ones.
            download: get the published files where the folder lacks them.
    Errors: SourceError when a file is missing or differs from the published one; WrongField for a limit below 1.
    Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits; files in `mnist/`.
    """

    terms = Terms(
        content="Handwritten digits of 28 by 28 pixels "
        "(Y. LeCun, C. Cortes, C. Burges, The MNIST database, made from data of NIST).",
        persons="Written by some 500 persons whom the files do not name; "
        "the owners of semlink are blocks of 100 images, not writers.",
        licence="Commonly distributed under CC BY-SA 3.0.",
    )

    limit: int | None = None
    download: bool = False

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def read(self, data_dir: Path | None) -> Source:
        return _read(MNIST, self.limit, self.download, data_dir)


@dataclass(frozen=True)
class FashionMnist(SourceReader):
    """Articles of clothing, in the format, splits and synthetic owners of `Mnist`.

    Fields: limit: at most so many records of each split, the first ones.
            download: get the published files where the folder lacks them.
    Errors: as `Mnist`.
    Source: H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, 2017; files in `fashion-mnist/`.
    """

    terms = Terms(
        content="Pictures of clothing, 28 by 28 grey pixels (H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, 2017).",
        persons="Shows articles and no persons; the owners of semlink are blocks of 100 images.",
        licence="MIT; copyright 2017 Zalando SE.",
    )

    limit: int | None = None
    download: bool = False

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def read(self, data_dir: Path | None) -> Source:
        return _read(FASHION_MNIST, self.limit, self.download, data_dir)


def _read(published: _Published, limit: int | None, download: bool, data_dir: Path | None) -> Source:
    folder = data_folder(published.name, data_dir) / published.name
    known = _records(published, folder, "train", "train", download)
    test = _records(published, folder, "t10k", "test", download)
    splits = known[:-VALIDATION][:limit], known[-VALIDATION:][:limit], test[:limit]
    return Source(published.name, "image", *splits, published.labels)


def _records(published: _Published, folder: Path, prefix: str, split: str, download: bool) -> list[Record]:
    arrays = []
    for part in (f"{prefix}-images-idx3", f"{prefix}-labels-idx1"):
        path = folder / f"{part}-ubyte.gz"
        obtain(path, f"{published.url}/{path.name}", published.sent[part], download)
        arrays.append(read_idx(path, published.held[part]))
    return [
        Record(f"{published.name}/{split}-{index:05d}", image, f"{split}-{index // BLOCK:03d}", int(label))
        for index, (image, label) in enumerate(zip(*arrays, strict=True))
    ]
