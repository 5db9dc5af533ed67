"""The losses of SCU, one function for each equation.

Notation: x_e erased, x_r retained records of one batch; q_u the posterior of the codec that is unlearning, q_0 that of
the frozen original; rec the reconstruction loss after the channel. Source: W. Wang, Z. Tian, C. Zhang, S. Yu, SCU: An
Efficient Machine Unlearning Scheme for Deep Learning Enabled Semantic Communications, 2025, as its authors released it.
"""

import torch
from torch import Tensor
from torch.nn import functional

RATIO_FLOOR = 1e-6  # keeps R finite where erased and retained records look alike; an addition to the source


def unlearning_loss(brake: Tensor, reconstruction: Tensor, brake_weight: float, forget_weight: float) -> Tensor:
    """L_u = lambda_kl * mean KL(q_u(z|x_e) || q_0(z|x_e)) - beta_u * mean rec(x_e).

    In: brake, reconstruction: [batch]. The second term forgets, the first keeps the second in bounds.
    """
    return brake_weight * brake.mean() - forget_weight * reconstruction.mean()


def compensation_loss(
    prior: Tensor, ratio: Tensor, reconstruction: Tensor, compensation: float, prior_weight: float
) -> Tensor:
    """L_c = s * (beta * mean KL(q_u(z|x_r) || N(0, I)) + R + mean rec(x_r)).

    In: prior, reconstruction: [batch]. ratio: R, one number.
    """
    return compensation * (prior_weight * prior.mean() + ratio + reconstruction.mean())


def contrastive_ratio(retained: Tensor, positive: Tensor, erased: Tensor) -> Tensor:
    """R = sum_i (1 - cos(z_r,i, z+_r,i)) / (sum_i (1 - cos(z_e,i, z_r,i)) + 1e-6), never negative.

    Small where retained records agree with their own reconstructions, sent again, and differ from erased records.

    In: embedded representations [batch, size], paired by position.
    """
    return _distance(retained, positive) / (_distance(erased, retained) + RATIO_FLOOR)


def adaptive_total(unlearning: Tensor, compensation: Tensor, detach: bool) -> Tensor:
    """w_u * L_u + w_c * L_c with w_u = |L_u| / (|L_u| + |L_c|) and w_c = 1 - w_u.

    L_c is positive, so wherever L_u < 0 this is L_u + L_c, unless the weights are detached from the gradient.
    """
    unlearning_size, compensation_size = unlearning.abs(), compensation.abs()
    if detach:
        unlearning_size, compensation_size = unlearning_size.detach(), compensation_size.detach()
    both = (unlearning_size + compensation_size).clamp_min(torch.finfo(unlearning.dtype).tiny)
    return (unlearning_size * unlearning + compensation_size * compensation) / both


def _distance(first: Tensor, second: Tensor) -> Tensor:
    # Rounding can put a cosine above 1.
    return (1 - functional.cosine_similarity(first, second, dim=-1)).clamp_min(0).sum()
