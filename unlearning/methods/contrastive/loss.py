"""The loss of contrastive unlearning: erased representations leave their class and go among the others."""

import torch
from torch import Tensor
from torch.nn import functional


def contrastive_loss(erased: Tensor, retained: Tensor, alike: Tensor, temperature: float) -> Tensor:
    """The mean over erased records i of

    -1/|N_i| sum over a in N_i of log(exp(z_i . z_a / t) / sum over p in P_i of exp(z_i . z_p / t))

    P_i are the retained records that are like i (of its class), N_i the others: the roles of the supervised contrastive
    loss in reverse. Where there is no p, as where a class goes as a whole, the sum is |N_i|, which has no gradient:
    the record is only drawn to the others. Where there is no a, a record counts for nothing.

    In:     erased [batch, size], retained [other, size]: representations, normalised here. alike: bool [batch, other].
    Source: Lee, Zhang, Yang, Lou and Xiong, Contrastive Unlearning: A Contrastive Approach to Machine Unlearning, 2024,
            equations 5 and 6. Differs: the mean over i, where the paper has the sum; normalised, as its official code
            is, since otherwise nothing bounds the loss.
    """
    scores = functional.normalize(erased, dim=1) @ functional.normalize(retained, dim=1).T / temperature
    others = (~alike).sum(dim=1)
    attraction = (scores * ~alike).sum(dim=1) / others.clamp_min(1)
    lonely = ~alike.any(dim=1)
    # A row without any p keeps its scores there, and with them a gradient that is finite; its sum is not used.
    repulsion = scores.masked_fill(~(alike | lonely.unsqueeze(1)), -torch.inf).logsumexp(dim=1)
    denominator = torch.where(lonely, others.clamp_min(1).log(), repulsion)
    return torch.where(others > 0, denominator - attraction, 0.0).mean()
