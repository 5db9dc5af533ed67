"""PSNR of a known error, and SSIM against a direct computation and its known properties."""

import numpy as np
import pytest
import torch

from semlink.simulator.metrics.image_error import ImageError
from semlink.simulator.metrics.structural_similarity import StructuralSimilarity, ssim


def images(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def errors(reference: torch.Tensor, estimate: torch.Tensor) -> dict[str, float]:
    metric = ImageError()
    return {k: float(v) for k, v in metric.values(metric.statistics(reference, estimate).mean(axis=0)).items()}


def test_psnr_of_a_known_error() -> None:
    """An error of 0.1 everywhere: MSE 0.01, PSNR 20 dB."""
    found = errors(torch.full((2, 3, 8, 8), 0.5), torch.full((2, 3, 8, 8), 0.6))
    assert found == pytest.approx({"psnr": 20.0, "psnr_of_mean_mse": 20.0, "mse": 0.01}, rel=1e-5)


def test_the_two_ways_to_average_psnr_differ() -> None:
    """Errors 0.1 and 0.01: mean of 20 and 40 dB is 30 dB; the mean MSE 0.00505 is 22.967 dB."""
    estimate = torch.stack([torch.full((1, 8, 8), 0.1), torch.full((1, 8, 8), 0.01)])
    found = errors(torch.zeros_like(estimate), estimate)
    assert found["psnr"] == pytest.approx(30.0, rel=1e-5)
    assert found["psnr_of_mean_mse"] == pytest.approx(22.967, abs=1e-3)


def test_identical_images_have_the_highest_psnr() -> None:
    assert errors(images(2, 1, 8, 8), images(2, 1, 8, 8))["psnr"] == 100.0


def direct_ssim(x: np.ndarray, y: np.ndarray, window: int) -> float:
    """SSIM of two images [height, width] with a loop over the places of the window."""
    place = np.arange(window) - (window - 1) / 2
    weights = np.exp(-(place[:, None] ** 2 + place[None, :] ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    found = []
    for top in range(x.shape[0] - window + 1):
        for left in range(x.shape[1] - window + 1):
            a, b = (image[top : top + window, left : left + window] for image in (x, y))
            mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
            variance_a, variance_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
            covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
            found.append(
                (2 * mean_a * mean_b + 1e-4)
                * (2 * covariance + 9e-4)
                / ((mean_a**2 + mean_b**2 + 1e-4) * (variance_a + variance_b + 9e-4))
            )
    return float(np.mean(found))


@pytest.mark.parametrize(("size", "window"), [((16, 13), 11), ((8, 8), 7), ((11, 11), 11)])
def test_ssim_is_that_of_a_direct_computation(size: tuple[int, int], window: int) -> None:
    first, second = images(3, 2, *size), images(3, 2, *size, seed=1)
    found = ssim(first, second, window)
    for index in range(3):
        expected = [direct_ssim(first[index, c].numpy(), second[index, c].numpy(), window) for c in range(2)]
        assert float(found[index]) == pytest.approx(np.mean(expected), abs=1e-6)


def test_ssim_is_one_for_identical_images_and_symmetric() -> None:
    first, second = images(4, 3, 20, 20), images(4, 3, 20, 20, seed=1)
    assert torch.allclose(ssim(first, first, 11), torch.ones(4, dtype=torch.float64))
    assert torch.allclose(ssim(first, second, 11), ssim(second, first, 11))


def test_ssim_of_constant_images_is_the_luminance_term() -> None:
    """Means 0.25 and 0.75, no contrast: (2 * 0.25 * 0.75 + C1) / (0.25^2 + 0.75^2 + C1)."""
    found = ssim(torch.full((1, 1, 12, 12), 0.25), torch.full((1, 1, 12, 12), 0.75), 11)
    assert float(found) == pytest.approx((0.375 + 1e-4) / (0.625 + 1e-4), rel=1e-9)


def test_an_inverted_image_has_negative_ssim() -> None:
    first = images(1, 1, 24, 24)
    assert float(ssim(first, 1 - first, 11)) < -0.5


@pytest.mark.parametrize(("side", "name"), [(28, "ssim"), (11, "ssim"), (8, "ssim:window=7"), (6, None)])
def test_small_images_get_a_named_smaller_window(side: int, name: str | None) -> None:
    metric, first = StructuralSimilarity(), images(2, 1, side, 30)
    values = metric.values(metric.statistics(first, first).mean(axis=0))
    assert [key for key, value in values.items() if not np.isnan(value)] == ([name] if name else [])
