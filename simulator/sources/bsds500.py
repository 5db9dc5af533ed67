"""BSDS500: 500 colour photographs on which image codecs are trained, from a data folder."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from semlink.errors import SourceError
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.data_folder import data_folder
from semlink.simulator.sources.picture_reader import PictureReader
from semlink.simulator.sources.published import check_published, content_of
from semlink.simulator.sources.reader import Terms
from semlink.simulator.sources.splits import split_by_id, thin

LISTING_SHA256 = "d88c87cb4f72423d0f8ebb661ddff36ed4c58ac4f45094ea23fd047de2edb87c"  # of what sha256sum prints of all
SPLITS = ("test", "train", "val")


@dataclass(frozen=True, kw_only=True)
class Bsds500(PictureReader):
    """500 colour photographs, 481x321 or 321x481 pixels, for training on crops; Kodak (--source kodak) is a test set.

    Nine tenths of the published train and val photographs train, one tenth validates; the published test is the test.

    Fields: test: false: its test photographs train and validate too, and it has no test set.
            crop is 64 and smallest 0.5, which hides the blocks of JPEG; the others: see `PictureReader`.
    Errors: SourceError when a file is missing or differs from the published one; WrongField.
    Source: P. Arbelaez, M. Maire, C. Fowlkes, J. Malik, Contour Detection and Hierarchical Image Segmentation,
            IEEE TPAMI 2011; files `bsds500/{train,val,test}/*.jpg`.
    """

    terms = Terms(
        content="500 photographs of the Berkeley Segmentation Data Set.",
        persons="Some show persons in public places.",
        licence="Free for non-commercial research and education; cite Arbelaez et al. (2011).",
    )

    crop: int | None = 64
    smallest: float = 0.5
    test: bool = True

    def read(self, data_dir: Path | None) -> Source:
        folder = data_folder("bsds500", data_dir) / "bsds500"
        paths = sorted(path for split in SPLITS for path in (folder / split).glob("*.jpg"))
        if not paths:
            raise SourceError(f"There are no photographs {folder}/train/*.jpg; put the files there.")
        digests = [f"{hashlib.sha256(content_of(path)).hexdigest()}  ./{_name(folder, path)}\n" for path in paths]
        check_published("".join(digests).encode(), LISTING_SHA256, folder)
        pictures = self.pictures(paths, folder)
        records: dict[bool, list[Record]] = {False: [], True: []}  # by whether they are of the test set
        for path in filter(pictures.__contains__, paths):
            name = _name(folder, path).removesuffix(".jpg")
            records[self.test and path.parent.name == "test"].append(
                Record(f"bsds500/{name}", pictures[path], "bsds500")
            )
        parts = (*split_by_id(records[False], test=0.0)[:2], records[True])
        train, validation, test = (thin(part, self.limit) for part in parts)
        return Source("bsds500", "image", train, validation, test)


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
