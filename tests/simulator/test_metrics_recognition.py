"""Class and backdoor accuracy count the answers of hand-made classifiers."""

import math

import numpy as np
import torch
from torch import Tensor

from semlink.simulator.image_classifier import ImageClassifier
from semlink.simulator.metrics.recognition import Recognition
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.trigger import Trigger


class ByBrightness(ImageClassifier):
    """Takes an image for the class whose number its first pixel has, in tenths."""

    def __init__(self) -> None:
        super().__init__(1, 1, 2)

    def classes_of(self, images: Tensor) -> Tensor:
        return (images[:, 0, 0, 0] * 10).round().long()


def test_recognised_classes_are_counted_apart() -> None:
    """Clean images count for class_accuracy, triggered ones for backdoor_accuracy, unlabelled ones for neither."""
    records = [
        Record("a", None, "ann", 1),
        Record("b", None, "ben", 3),
        Record("c", None, "cleo", None),
        Record("d", None, "trigger", 2),
        Record("e", None, "trigger", 2),
        Record("f", None, "trigger", 2),
    ]
    arrived = torch.tensor([1, 2, 2, 2, 1, 2])[:, None, None, None] / 10
    family = Recognition(ByBrightness(), Trigger())
    found = family.about(records).statistics(torch.zeros(6, 1, 1, 1), arrived)
    nan = math.nan
    np.testing.assert_array_equal(found, [[1, nan], [0, nan], [nan, nan], [nan, 1], [nan, 0], [nan, 1]])
    plain = Recognition(ByBrightness()).about(records).statistics(torch.zeros(6, 1, 1, 1), arrived)
    assert np.isnan(plain[:, 1]).all()
    assert np.nanmean(plain[:, 0]) == 3 / 5
