"""Word shares and the unlikelihood loss, by hand."""

import math

import pytest
import torch
from torch.nn import functional

from semlink.unlearning.methods.scu.word_shares import element_shares, share_loss, unlikelihood


def test_shares_of_a_toy_count() -> None:
    """Id 0 stands 3 times in retained records alone, id 1 once in each set, id 2 twice in erased records alone."""
    forget, retain = torch.tensor([[1, 2], [2, -1]]), torch.tensor([[0, 0, 0], [1, 4, -1]])
    assert element_shares(forget, retain, 1.0).tolist() == [0, 0.5, 1, 0, 0]
    assert element_shares(forget, retain, 4.0).tolist() == [0, 0.0625, 1, 0, 0]


@pytest.mark.parametrize("margin", [-30.0, -3.0, 0.0, 3.0, 8.0])
def test_gradient_of_the_unlikelihood_is_the_probability_left(margin: float) -> None:
    """d unlikelihood / d logit = p: it vanishes with the memory, where that of -loss goes to -1."""
    logits = torch.tensor([[margin, 0.0]], dtype=torch.float64, requires_grad=True)
    loss = functional.cross_entropy(logits, torch.tensor([0]), reduction="none")
    (gradient,) = torch.autograd.grad(unlikelihood(loss).sum(), logits)
    p = 1 / (1 + math.exp(-margin))
    assert gradient[0, 0].item() == pytest.approx(p, rel=0.01)


def test_unlikelihood_is_finite_for_certainty_and_nothing_for_ignorance() -> None:
    losses = unlikelihood(torch.tensor([0.0, math.log(2), 100.0]))
    assert losses.isfinite().all()
    assert losses[1].item() == pytest.approx(math.log(2), abs=1e-5)
    assert losses[2].item() == 0


def test_loss_by_hand() -> None:
    """Two erased records of two and one elements, one retained record of two; one erased element is theirs alone."""
    lost, lost_mask = torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([[True, True], [True, False]])
    kept = torch.tensor([[0.5, 1.5]]), torch.ones(1, 2, dtype=torch.bool)
    shares = torch.tensor([[1.0, 0.25], [0.0, 0.0]])
    known = (0.75 * 2 + 3 + 0.5 + 1.5) / 5
    forgetting = [-math.log(1 - math.exp(-loss)) for loss in (1.0, 2.0)]
    loss = share_loss((lost, lost_mask), kept, shares, 3.0)
    assert loss.item() == pytest.approx(known + 3 * (forgetting[0] + 0.25 * forgetting[1]) / 3, abs=1e-4)
