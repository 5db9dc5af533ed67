"""Embedded images: 1797 handwritten digits of 8 x 8 pixels, part of scikit-learn."""

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.reader import SourceReader, Terms
from semlink.simulator.sources.splits import split_by_id

# The labels run fourteen times through the 130 digits of one preprinted form; here each copy begins.
FORM_STARTS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)


@dataclass(frozen=True)
class Digits(SourceReader):
    """Handwritten digits 0 to 9, uint8 [8, 8], split 80/10/10 by the hash of their ids.

    A pixel counts the ink in 4 x 4 points, 0 to 16, and is scaled to 0 to 255. An owner is one filled form,
    "form-01" to "form-14" of up to 130 digits each. The data set does not name its writers (13, by its
    description); the forms are inferred from the labels, which repeat the order in which a form asks for digits.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, 1998, test set.
    """

    terms = Terms(
        content="Handwritten digits of 8 by 8 pixels "
        "(E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, 1998, test set).",
        persons="Written by 13 persons whom the data set does not name.",
        licence="CC BY 4.0, as the UCI Machine Learning Repository states it.",
    )

    def read(self, data_dir: Path | None = None) -> Source:
        from sklearn.datasets import load_digits  # here, since scikit-learn takes a second to import

        digits = load_digits()
        images = np.rint(digits.images * (255 / 16)).astype(np.uint8)
        records = [
            Record(f"digits/{index:04d}", image, f"form-{bisect_right(FORM_STARTS, index):02d}", int(label))
            for index, (image, label) in enumerate(zip(images, digits.target, strict=True))
        ]
        train, validation, test = split_by_id(records)
        return Source("digits", "image", train, validation, test, tuple(map(str, range(10))))
