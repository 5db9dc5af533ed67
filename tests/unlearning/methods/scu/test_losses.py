"""The equations of SCU."""

import pytest
import torch

from semlink.unlearning.methods.scu.losses import (
    adaptive_total,
    compensation_loss,
    contrastive_ratio,
    unlearning_loss,
)


def test_terms_are_the_published_sums() -> None:
    brake, erased = torch.tensor([0.2, 0.4]), torch.tensor([1.0, 3.0])
    assert unlearning_loss(brake, erased, 2.0, 0.1).item() == pytest.approx(2 * 0.3 - 0.1 * 2)
    prior, ratio, kept = torch.tensor([2.0, 4.0]), torch.tensor(0.5), torch.tensor([0.1, 0.3])
    assert compensation_loss(prior, ratio, kept, 10.0, 0.01).item() == pytest.approx(10 * (0.03 + 0.5 + 0.2))


def test_total_is_the_plain_sum_while_forgetting_wins() -> None:
    """L_u < 0 < L_c, also in its gradient."""
    generator = torch.Generator().manual_seed(0)
    unlearning = -torch.rand(1000, generator=generator, dtype=torch.float64).requires_grad_()
    compensation = torch.rand(1000, generator=generator, dtype=torch.float64).requires_grad_()
    total = adaptive_total(unlearning, compensation, detach=False)
    torch.testing.assert_close(total, unlearning + compensation, rtol=0, atol=1e-12)
    for gradient in torch.autograd.grad(total.sum(), (unlearning, compensation)):
        torch.testing.assert_close(gradient, torch.ones_like(gradient), rtol=0, atol=1e-12)


def test_total_is_weighted_where_the_brake_wins() -> None:
    total = adaptive_total(torch.tensor(3.0), torch.tensor(1.0), detach=False)
    assert total.item() == pytest.approx((9 + 1) / 4)


def test_detached_weights_share_the_gradient() -> None:
    unlearning, compensation = torch.tensor(-3.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    total = adaptive_total(unlearning, compensation, detach=True)
    assert total.item() == pytest.approx(-2)
    total.backward()
    assert unlearning.grad is not None
    assert compensation.grad is not None
    assert (unlearning.grad.item(), compensation.grad.item()) == pytest.approx((0.75, 0.25))


def test_without_compensation_the_total_is_the_unlearning_loss() -> None:
    for value in (-0.3, 0.3):
        unlearning = torch.tensor(value, requires_grad=True)
        total = adaptive_total(unlearning, torch.zeros(()), detach=False)
        total.backward()
        assert total.item() == pytest.approx(value)
        assert unlearning.grad is not None
        assert unlearning.grad.item() == pytest.approx(1)


def test_total_of_nothing_is_nothing() -> None:
    assert adaptive_total(torch.zeros(()), torch.zeros(()), detach=False).item() == 0


def test_ratio_of_known_angles() -> None:
    retained, positive, erased = (
        torch.tensor([row], dtype=torch.float64) for row in ([1.0, 0.0], [3.0, 3.0], [0.0, 2.0])
    )
    assert contrastive_ratio(retained, positive, erased).item() == pytest.approx(1 - 0.5**0.5, abs=1e-5)


def test_ratio_is_never_negative_and_zero_for_equal_positives() -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(50):
        retained, positive, erased = torch.randn(3, 16, 12, generator=generator)
        assert contrastive_ratio(retained, positive, erased) > 0
        assert 0 <= contrastive_ratio(retained, retained, erased) < 1e-6
    assert contrastive_ratio(retained, positive, retained).isfinite()
