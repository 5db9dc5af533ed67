"""MS-SSIM against a naive computation, and its known properties."""

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from semlink.simulator.metrics.multi_scale_similarity import MultiScaleSimilarity, ms_ssim

PUBLISHED = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def images(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def noisy(reference: torch.Tensor) -> torch.Tensor:
    return (reference + 0.2 * (images(*reference.shape, seed=1) - 0.5)).clamp(0, 1)


def factors(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Mean SSIM, and mean contrast and structure, of two images [height, width]."""
    place = np.arange(11) - 5
    weights = np.exp(-(place[:, None] ** 2 + place[None, :] ** 2) / (2 * 1.5**2))
    weights /= weights.sum()

    def averaged(image: np.ndarray) -> np.ndarray:
        return (sliding_window_view(image, (11, 11)) * weights).sum(axis=(2, 3))

    mean_x, mean_y = averaged(x), averaged(y)
    variance_x, variance_y = averaged(x * x) - mean_x**2, averaged(y * y) - mean_y**2
    contrast = (2 * (averaged(x * y) - mean_x * mean_y) + 9e-4) / (variance_x + variance_y + 9e-4)
    luminance = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    return float((luminance * contrast).mean()), float(contrast.mean())


def halved(image: np.ndarray) -> np.ndarray:
    """Means of blocks of 2 x 2 pixels, with the last row and column repeated where their number is odd."""
    whole = np.pad(image, [(0, size % 2) for size in image.shape], mode="edge")
    return (whole[::2, ::2] + whole[1::2, ::2] + whole[::2, 1::2] + whole[1::2, 1::2]) / 4


def naive(x: np.ndarray, y: np.ndarray, scales: int) -> float:
    found = 1.0
    for scale in range(1, scales + 1):
        similarity, contrast = factors(x, y)
        weight = PUBLISHED[scale - 1] * sum(PUBLISHED) / sum(PUBLISHED[:scales])
        found *= (similarity if scale == scales else contrast) ** weight
        x, y = halved(x), halved(y)
    return found


@pytest.mark.parametrize(("size", "scales"), [((21, 30), 2), ((45, 41), 3), ((88, 81), 4), ((161, 170), 5)])
def test_it_is_that_of_a_naive_computation(size: tuple[int, int], scales: int) -> None:
    first = images(1, 2, *size)
    second = noisy(first)
    expected = [naive(first[0, c].double().numpy(), second[0, c].double().numpy(), scales) for c in range(2)]
    assert float(ms_ssim(first, second, scales)) == pytest.approx(np.mean(expected), abs=1e-9)


def test_identical_images_have_one_and_the_order_does_not_matter() -> None:
    first = images(3, 3, 50, 44)
    assert torch.allclose(ms_ssim(first, first, 3), torch.ones(3, dtype=torch.float64))
    assert torch.allclose(ms_ssim(first, noisy(first), 3), ms_ssim(noisy(first), first, 3))


def test_only_the_coarsest_scale_sees_luminance() -> None:
    """Constant images of 0.25 and 0.75: luminance (2 * 0.25 * 0.75 + C1) / (0.25^2 + 0.75^2 + C1) to its weight."""
    found = ms_ssim(torch.full((1, 1, 161, 161), 0.25), torch.full((1, 1, 161, 161), 0.75), 5)
    assert float(found) == pytest.approx(((0.375 + 1e-4) / (0.625 + 1e-4)) ** 0.1333, rel=1e-9)


def test_an_inverted_image_has_zero() -> None:
    first = images(1, 1, 24, 24)
    assert float(ms_ssim(first, 1 - first, 2)) == 0.0


@pytest.mark.parametrize(
    ("side", "name"),
    [
        (161, "ms_ssim"),
        (160, "ms_ssim:scales=4"),
        (81, "ms_ssim:scales=4"),
        (80, "ms_ssim:scales=3"),
        (41, "ms_ssim:scales=3"),
        (40, "ms_ssim:scales=2"),
        (21, "ms_ssim:scales=2"),
        (20, None),
        (8, None),
    ],
)
def test_small_images_get_named_fewer_scales(side: int, name: str | None) -> None:
    metric, first = MultiScaleSimilarity(), images(2, 1, side, 170)
    values = metric.values(metric.statistics(first, first).mean(axis=0))
    assert [key for key, value in values.items() if not np.isnan(value)] == ([name] if name else [])
