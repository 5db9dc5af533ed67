"""A metric: how well edges arrive."""

import numpy as np
from torch import Tensor

import semlink as sl

ERROR = sl.Measure("edge_error", "1", "lower", "Edge error", "the error of the edges", scale="free")


@sl.register("metric", "edges")
class EdgeError(sl.Metric):
    """Mean squared difference of the differences between neighbouring pixels. Unit 1, from 0 up."""

    modality = "image"
    measures = {ERROR.name: ERROR}
    averages = {ERROR.name: 0}

    def statistics(self, references: Tensor, estimates: Tensor) -> np.ndarray:
        """In: float32 [records, channels, height, width] in 0..1, twice. Out: float64 [records, 1]."""
        error = (estimates - references).double().cpu()
        parts = [error.diff(dim=side).square().flatten(1).mean(dim=1) for side in (2, 3)]
        return np.asarray(sum(parts) / 2)[:, None]

    def values(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        return {ERROR.name: mean[..., 0]}
