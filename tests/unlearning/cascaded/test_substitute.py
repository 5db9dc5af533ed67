"""Latents by inversion, and the images that stand in for erased ones."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from semlink.seeding import generator_for
from semlink.unlearning.methods.inversion import PRIOR, invert
from semlink.unlearning.methods.substitute import Exchange, MeanCondition, mean_of_others, substituted


class Linear:
    """G(z, y) = A z + 10 y_2, images of 4 by 4 pixels from two channel uses; y_2 is the condition's share of class 2."""

    config = SimpleNamespace(classes=3)

    def __init__(self) -> None:
        self.weight = torch.randn(16, 4, generator=generator_for(0, "linear"))

    def prior(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.randn(count, 2, 2, generator=generator)

    def generate(self, latent: Tensor, labels: Tensor) -> Tensor:
        condition = torch.nn.functional.one_hot(labels, 3).float() if labels.ndim == 1 else labels
        images = latent.flatten(1) @ self.weight.T + 10 * condition[:, 2:]
        return images.view(-1, 1, 4, 4)


class Batch(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.images)


@pytest.fixture(scope="module")
def sets() -> tuple[Any, Any]:
    generator = generator_for(0, "images")
    forget, retain = (torch.randn(count, 1, 4, 4, generator=generator) for count in (300, 40))
    return tuple(
        Batch(images=images, labels=torch.zeros(len(images), dtype=torch.int64)) for images in (forget, retain)
    )


def test_inversion_is_ridge_regression() -> None:
    """Of a linear generator the best latent is known: (A'A / 16 + prior / 4)^-1 A' x / 16."""
    codec, generator = Linear(), generator_for(1, "noise")
    images = torch.randn(5, 1, 4, 4, generator=generator)
    labels = torch.tensor([0, 1, 2, 2, 0])
    aim = images.flatten(1) - 10 * (labels == 2).float()[:, None]
    weight = codec.weight
    expected = torch.linalg.solve(weight.T @ weight / 16 + PRIOR / 4 * torch.eye(4), weight.T @ aim.T / 16).T
    found = invert(codec, images, labels, generator)
    torch.testing.assert_close(found.flatten(1), expected, rtol=0, atol=0.05)


def test_mean_of_the_others() -> None:
    torch.testing.assert_close(mean_of_others(torch.tensor([1]), 5), torch.tensor([0.25, 0.0, 0.25, 0.25, 0.25]))
    torch.testing.assert_close(mean_of_others(torch.tensor([0, 2]), 4), torch.tensor([0.0, 0.5, 0.0, 0.5]))


def test_mean_condition() -> None:
    lesson = MeanCondition(Linear(), torch.tensor([0, 1])).draw(50, generator_for(2, "draw"))
    assert set(lesson.labels.tolist()) == {0, 1}
    expected = (lesson.latent.flatten(1) @ Linear().weight.T + 10).view(-1, 1, 4, 4)
    torch.testing.assert_close(lesson.images, expected)
    assert abs(lesson.latent.std() - 1) < 0.3


def test_neighbours(sets: tuple[Any, Any]) -> None:
    """Against the distances one by one."""
    forget, retain = sets
    found = {
        kind: substituted(kind, Linear(), forget, retain, torch.empty(0), generator_for(3, "random"))
        for kind in ("nearest", "neighbours")
    }
    for index in (0, 17, 299):
        apart = torch.stack([(forget.images[index] - other).square().sum() for other in retain.images])
        order = apart.argsort()
        torch.testing.assert_close(found["nearest"][index], retain.images[order[0]])
        torch.testing.assert_close(found["neighbours"][index], retain.images[order[:5]].mean(dim=0))


def test_random_and_truncated(sets: tuple[Any, Any]) -> None:
    forget, retain = sets
    found = substituted("random", Linear(), forget, retain, torch.empty(0), generator_for(3, "random"))
    rows = (found[:, None] == retain.images[None]).flatten(2).all(dim=2)
    assert (rows.sum(dim=1) == 1).all()
    assert rows.any(dim=0).sum() > 30
    latents = torch.randn(300, 2, 2, generator=generator_for(4, "latents"))
    found = substituted("truncated", Linear(), forget, retain, latents, generator_for(3, "random"))
    torch.testing.assert_close(2 * found, Linear().generate(latents, forget.labels))


def test_exchange_keeps_pairs(sets: tuple[Any, Any]) -> None:
    forget, _ = sets
    lesson = Exchange(torch.arange(300.0), torch.arange(300), forget.images).draw(64, generator_for(5, "draw"))
    assert len(set(lesson.labels.tolist())) == 64
    assert torch.equal(lesson.latent, lesson.labels.float())
    assert torch.equal(lesson.images, forget.images[lesson.labels])
