"""Squared error of images and the peak signal-to-noise ratio made of it."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from torch import Tensor

from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics

FLOOR = 1e-10  # of the mean squared error: PSNR ends at 100 dB, which identical images get
MEASURES = by_name(
    Measure(
        "psnr",
        "dB",
        "higher",
        "PSNR (dB)",
        "PSNR",
        "peak signal-to-noise ratio, higher is closer to the image that was sent",
        scale="free",
    ),
    Measure(
        "psnr_of_mean_mse",
        "dB",
        "higher",
        "PSNR of the mean error (dB)",
        "PSNR of the mean error",
        "PSNR computed once from the mean squared error",
        scale="free",
        interval="bootstrap",
    ),
    Measure("mse", "1", "lower", "Mean squared error", "mean squared error", "0 is identical", scale="log"),
)


class ImageError(Metric):
    """Mean squared error for peak 1.0, and PSNR in dB, capped at 100 dB.

    PSNR = 10 log10(1 / MSE)

    psnr:             mean over images of the PSNR of each image.
    psnr_of_mean_mse: PSNR of the mean over images of the MSE; never above `psnr`.

    Statistics: mean squared error over all samples of the image; its PSNR.
    """

    modality: ClassVar[Literal["text", "image"]] = "image"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    averages: ClassVar[Mapping[str, int]] = {"psnr": 1, "mse": 0}

    def statistics(self, references: Tensor, estimates: Tensor) -> Statistics:  # type: ignore[override]
        """In: float32 [records, channels, height, width] in 0..1, twice. Out: float64 [records, 2]."""
        difference = references.to(estimates.device).double() - estimates.double()
        error = difference.square().flatten(1).mean(dim=1).cpu().numpy()
        return np.stack([error, _psnr(error)], axis=-1)

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        return {"psnr": mean[..., 1], "psnr_of_mean_mse": _psnr(mean[..., 0]), "mse": mean[..., 0]}


def _psnr(error: Statistics) -> Statistics:
    return np.asarray(-10 * np.log10(np.maximum(error, FLOOR)))
