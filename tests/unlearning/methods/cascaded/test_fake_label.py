"""Fake labels: what score each erased image should get."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from semlink.unlearning.methods.cascaded.fake_label import FakeLabel, matched


class Scorer:
    """Scores an image by its first pixel."""

    def scores(self, images: Tensor, labels: Tensor | None) -> Tensor:
        return images[:, 0, 0, 0]


class Unseen(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.images)


def unseen(*scores: float) -> Any:
    images = torch.tensor(scores)[:, None, None, None].expand(-1, 1, 2, 2)
    return Unseen(images=images, labels=torch.full((len(scores),), -1))


def test_ranks_are_matched() -> None:
    generator = torch.Generator().manual_seed(0)
    scores, others = torch.randn(40, generator=generator), 3 + 2 * torch.randn(512, generator=generator)
    found = matched(scores, others)
    levels = [(sum(score >= other for other in scores) - 0.5) / 40 for score in scores.tolist()]
    np.testing.assert_allclose(found.numpy(), np.quantile(others.numpy(), levels), rtol=1e-5)
    assert torch.equal(found.argsort(), scores.argsort())
    assert abs(found.mean() - others.mean()) < 0.05
    assert abs(found.std() - others.std()) < 0.1


def test_equal_scores_still_spread() -> None:
    found = matched(torch.zeros(4), torch.tensor([0.0, 1.0]))
    assert sorted(found.tolist()) == [0.125, 0.375, 0.625, 0.875]


@pytest.mark.parametrize(
    ("kind", "expected", "read"),
    [
        ("zero", [0.0, 0.0], 0),
        ("mean", [0.4, 0.4], 3),
        ("fresh-mean", [2.0, 2.0], 30),
        ("rank", [2.5, 1.5], 30),
    ],
)
def test_kinds(kind: Any, expected: list[float], read: int) -> None:
    before = 0.0 if kind == "zero" else 0.4
    label = FakeLabel(kind, None if kind == "zero" else unseen(1.0, 2.0, 3.0), before)
    found = label.targets(Scorer(), torch.tensor([0.9, 0.7], requires_grad=True))
    torch.testing.assert_close(found, torch.tensor(expected))
    assert not found.requires_grad
    assert label.samples(10) == read
