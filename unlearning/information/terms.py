"""Terms of losses: upper bounds on the information between representation and erased records, and InfoNCE.

All are in nats; the bounds are means over dimensions, as the divergences of `codecs.posterior` are.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from semlink.codecs.posterior import Posterior, divergence, divergence_from_prior

Bound = Literal["vub", "vub-moments", "vclub"]


def information_bound(bound: Bound, posterior: Posterior, latent: Tensor) -> Tensor:
    """The bound of that name on I(Z; X)."""
    match bound:
        case "vub":
            return vub(posterior)
        case "vub-moments":
            return vub_moments(posterior)
        case "vclub":
            return vclub(posterior, latent)


def vub(posterior: Posterior) -> Tensor:
    """I(Z; X) <= mean KL(q(z|x) || N(0, I)), one number.

    Source: the variational upper bound of the information bottleneck.
    """
    return divergence_from_prior(posterior).mean()


def vub_moments(posterior: Posterior) -> Tensor:
    """I(Z; X) <= mean KL(q(z|x) || r(z)), r the Gaussian with the batch's mean and variance of each dimension.

    Tighter than `vub`: exact where z is Gaussian over the data.
    """
    used = posterior.mask.unsqueeze(-1).to(posterior.mean.dtype)
    count = used.sum(dim=0).clamp_min(1)
    mean = (used * posterior.mean).sum(dim=0) / count
    variance = (used * (posterior.log_variance.exp() + (posterior.mean - mean).square())).sum(dim=0) / count
    aggregate = Posterior(
        mean.expand_as(posterior.mean),
        variance.clamp_min(torch.finfo(variance.dtype).tiny).log().expand_as(posterior.mean),
        posterior.mask,
        sampled=True,
    )
    return divergence(posterior, aggregate).mean()


def vclub(posterior: Posterior, latent: Tensor) -> Tensor:
    """I(Z; X) <= 1/B sum_i (log q(z_i|x_i) - 1/B sum_j log q(z_i|x_j)), over the dimensions that i and j both use.

    In:     latent: z_i, a sample of each posterior, float32 [batch, uses, 2].
    Source: Cheng et al., CLUB: A Contrastive Log-ratio Upper Bound of Mutual Information, 2020.
    """
    mean, log_variance = posterior.mean, posterior.log_variance
    cross = -0.5 * ((latent.unsqueeze(1) - mean).square() / log_variance.exp() + log_variance)
    matched = -0.5 * ((latent - mean).square() / log_variance.exp() + log_variance)
    both = (posterior.mask.unsqueeze(1) & posterior.mask).unsqueeze(-1)
    pairs = ((matched.unsqueeze(1) - cross) * both).sum(dim=(2, 3)) / (
        latent.shape[-1] * both.sum(dim=(2, 3))
    ).clamp_min(1)
    return pairs.mean()


def info_nce(retained: Tensor, positive: Tensor, erased: Tensor, temperature: float = 0.5) -> Tensor:
    """-mean log of e^(cos(z_r,i, z+_r,i) / t) / (the same + sum_j e^(cos(z_r,i, z_e,j) / t)).

    Retained records are positives of their own reconstructions, all erased records of the batch are negatives.

    In: embedded representations [batch, size]; `erased` may hold another number of records.
    """
    positives = functional.cosine_similarity(retained, positive, dim=-1).unsqueeze(1)
    negatives = functional.cosine_similarity(retained.unsqueeze(1), erased, dim=-1)
    logits = torch.cat([positives, negatives], dim=1) / temperature
    return functional.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.long))
