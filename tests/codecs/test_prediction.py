"""How far beliefs lie apart: against the definition, and where an answer is impossible."""

import pytest
import torch

from semlink.codecs.prediction import Choices, Pixels
from semlink.seeding import generator_for


def scores(*size: int) -> torch.Tensor:
    return torch.randn(size, generator=generator_for("scores", *size))


THERE = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_choices(temperature: float) -> None:
    first, second = scores(6, 5), 2 * scores(7, 5)[1:]
    found = Choices(first, THERE).divergence(Choices(second, THERE), temperature)
    p, q = ((one / temperature).softmax(dim=1) for one in (first, second))
    each = temperature**2 * (p * (p / q).log()).sum(dim=1)
    torch.testing.assert_close(found, torch.stack([each[:2].mean(), each[2], each[3:].mean()]))
    assert not Choices(first, THERE).divergence(Choices(first, THERE)).any()


def test_an_impossible_answer_counts_for_nothing() -> None:
    """And leaves no gradient that is not a number."""
    first, second = (scores(6, size)[:, :5].clone().requires_grad_() for size in (5, 6))
    minus = torch.tensor([-torch.inf, 0.0, 0.0, 0.0, 0.0])
    whole = Choices(first + minus, THERE).divergence(Choices(second + minus, THERE))
    without = Choices(first[:, 1:], THERE).divergence(Choices(second[:, 1:], THERE))
    torch.testing.assert_close(whole, without)
    whole.sum().backward()
    for one in (first, second):
        assert one.grad is not None
        assert one.grad.isfinite().all()
        assert not one.grad[:, 0].any()


def test_pixels() -> None:
    images, others = scores(2, 3, 4, 4), scores(2, 3, 4, 5)[..., :4]
    found = Pixels(images).divergence(Pixels(others))
    torch.testing.assert_close(found, torch.stack([((a - b) ** 2).mean() for a, b in zip(images, others, strict=True)]))
