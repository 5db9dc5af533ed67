"""MS-SSIM: structural similarity of two images as seen from near and from afar."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics.contract import Metric, Statistics
from semlink.simulator.metrics.structural_similarity import contrast_structure, ssim

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, finest first
WINDOW = 11  # pixels a side
SCALES = {"ms_ssim": 5, "ms_ssim:scales=4": 4, "ms_ssim:scales=3": 3, "ms_ssim:scales=2": 2}
MEASURES = by_name(
    Measure("ms_ssim", "1", "higher", "MS-SSIM", "MS-SSIM", "structural similarity over five scales, 1 is identical"),
    *(
        Measure(
            f"ms_ssim:scales={scales}",
            "1",
            "higher",
            f"MS-SSIM, {scales} scales",
            f"MS-SSIM over {scales} scales",
            f"structural similarity over {scales} scales, for images too small for five, 1 is identical",
        )
        for scales in (4, 3, 2)
    ),
)


class MultiScaleSimilarity(Metric):
    """Mean MS-SSIM over the channels of an image. Range 0 to 1.

    MS-SSIM = SSIM_M^w_M * product over scales j < M of CS_j^w_j

    SSIM with its 11 x 11 window at the coarsest scale M, and CS, SSIM without its luminance factor, at the finer
    ones; each scale averages 2 x 2 pixels of the one before (what is left of them at an odd edge). A negative factor
    counts as 0.

    Five scales (`ms_ssim`) need sides above 160 pixels. Smaller images get as many scales as fit, with the first
    weights scaled to the sum of all: four above 80, three above 40, two above 20 (`ms_ssim:scales=2`). The other names
    are NaN, and all are for images with a side of 20 or below.

    Statistics: the names in their order.
    Source: Z. Wang, E. Simoncelli, A. Bovik, Multi-Scale Structural Similarity for Image Quality Assessment, 2003.
    """

    modality: ClassVar[Literal["text", "image"]] = "image"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    averages: ClassVar[Mapping[str, int]] = {name: column for column, name in enumerate(SCALES)}

    def statistics(self, references: Tensor, estimates: Tensor) -> Statistics:  # type: ignore[override]
        """In: float32 [records, channels, height, width] in 0..1, twice. Out: float64 [records, 4]."""
        columns = np.full((len(references), len(SCALES)), np.nan)
        side = min(references.shape[-2:])
        for column, scales in enumerate(SCALES.values()):
            if side > (WINDOW - 1) * 2 ** (scales - 1):
                columns[:, column] = ms_ssim(references.to(estimates.device), estimates, scales).cpu().numpy()
                break
        return columns

    def values(self, mean: Statistics) -> dict[str, Statistics]:
        return {name: mean[..., column] for name, column in self.averages.items()}


def ms_ssim(first: Tensor, second: Tensor, scales: int) -> Tensor:
    """MS-SSIM of each pair of images [records, channels, height, width] in 0..1: float64 [records]."""
    records, channels = first.shape[:2]
    x, y = (images.double().flatten(0, 1).unsqueeze(1) for images in (first, second))  # each channel by itself
    weights = np.array(WEIGHTS[:scales]) * (sum(WEIGHTS) / sum(WEIGHTS[:scales]))
    similarity = torch.ones(len(x), dtype=torch.float64, device=x.device)
    for weight in weights[:-1]:
        similarity *= contrast_structure(x, y, WINDOW).clamp(min=0) ** weight
        x, y = (functional.avg_pool2d(images, 2, ceil_mode=True) for images in (x, y))
    similarity *= ssim(x, y, WINDOW).clamp(min=0) ** weights[-1]
    return similarity.view(records, channels).mean(dim=1)
