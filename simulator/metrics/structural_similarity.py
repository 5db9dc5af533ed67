"""SSIM: how alike the local means, contrasts and structures of two images are."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics

WINDOWS = {"ssim": 11, "ssim:window=7": 7}  # pixels a side, largest first
SIGMA = 1.5  # pixels
C1, C2 = 0.01**2, 0.03**2  # for peak 1.0
MEASURES = by_name(
    Measure("ssim", "1", "higher", "SSIM", "SSIM", "structural similarity to the image that was sent, 1 is identical"),
    Measure(
        "ssim:window=7",
        "1",
        "higher",
        "SSIM, 7 × 7 window",
        "SSIM with a window of 7 × 7 pixels",
        "structural similarity to the image that was sent, for images too small for the usual window, 1 is identical",
    ),
)


class StructuralSimilarity(Metric):
    """Mean SSIM over the places where the whole window lies in the image, and over channels. Range -1 to 1.

    SSIM = (2 m_x m_y + C1)(2 s_xy + C2) / ((m_x^2 + m_y^2 + C1)(s_x^2 + s_y^2 + C2))

    with means m, variances s^2 and covariance s_xy weighted by a Gaussian of 1.5 pixels, C1 = 0.01^2, C2 = 0.03^2,
    peak 1.0. The window is 11 x 11 pixels (`ssim`); images with a side below 11 get 7 x 7 (`ssim:window=7`). The
    other one of the two is NaN, and both are for images with a side below 7.

    Statistics: `ssim`, `ssim:window=7`.
    Source: Z. Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, 2004.
    """

    modality: ClassVar[Literal["text", "image"]] = "image"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    averages: ClassVar[Mapping[str, int]] = {name: column for column, name in enumerate(WINDOWS)}

    def statistics(self, references: Tensor, estimates: Tensor) -> Statistics:  # type: ignore[override]
        """In: float32 [records, channels, height, width] in 0..1, twice. Out: float64 [records, 2]."""
        columns = np.full((len(references), len(WINDOWS)), np.nan)
        side = min(references.shape[-2:])
        for column, window in enumerate(WINDOWS.values()):
            if side >= window:
                columns[:, column] = ssim(references.to(estimates.device), estimates, window).cpu().numpy()
                break
        return columns

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        return {name: mean[..., column] for name, column in self.averages.items()}


def ssim(first: Tensor, second: Tensor, window: int) -> Tensor:
    """SSIM of each pair of images [records, channels, height, width] in 0..1: float64 [records]."""
    luminance, covariance, variances = _terms(first, second, window)
    similarity: Tensor = luminance * covariance / variances
    return similarity.mean(dim=1)


def contrast_structure(first: Tensor, second: Tensor, window: int) -> Tensor:
    """SSIM without its luminance factor, (2 s_xy + C2) / (s_x^2 + s_y^2 + C2), as `ssim`: float64 [records]."""
    _, covariance, variances = _terms(first, second, window)
    similarity: Tensor = covariance / variances
    return similarity.mean(dim=1)


def _terms(first: Tensor, second: Tensor, window: int) -> tuple[Tensor, Tensor, Tensor]:
    """The luminance factor, 2 s_xy + C2, and s_x^2 + s_y^2 + C2 at each place of the window: [records, places]."""
    x, y = first.double(), second.double()
    maps = torch.stack([x, y, x * x, y * y, x * y])
    rows, columns = (_averaging(size, window).to(x.device) for size in x.shape[-2:])
    maps = rows @ maps @ columns.T  # a Gaussian is separable
    mean_x, mean_y, square_x, square_y, product = maps.flatten(2)
    variances = square_x - mean_x.square() + square_y - mean_y.square()
    covariance = product - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + C1) / (mean_x.square() + mean_y.square() + C1)
    return luminance, 2 * covariance + C2, variances + C2


def _averaging(size: int, window: int) -> Tensor:
    """The matrix that takes `size` pixels to their Gaussian-weighted means: float64 [size - window + 1, size]."""
    place = torch.arange(window, dtype=torch.float64) - (window - 1) / 2
    weights = torch.softmax(-place.square() / (2 * SIGMA**2), dim=0)
    matrix = torch.zeros(size - window + 1, size, dtype=torch.float64)
    for row in range(len(matrix)):
        matrix[row, row : row + window] = weights
    return matrix
