"""The diagonal of the Hessian matrix of a codec's loss."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from semlink.codecs.contract import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.methods.parts.descent import sent_loss


def hessian_diagonal(
    codec: NeuralCodec[Any], parameters: list[nn.Parameter], batches: Batches, probes: int, context: ErasureContext
) -> list[Tensor]:
    """|mean over probes of v * (H v)| for each parameter, with H of the mean loss of one batch a probe.

    E[v_i (H v)_i] = H_ii for independent random signs v. A probe takes two backward passes.
    Source: Bekas, Kokiopoulou and Saad, An estimator for the diagonal of a matrix, 2007.
    """
    totals = [torch.zeros_like(parameter) for parameter in parameters]
    with sdpa_kernel(SDPBackend.MATH):  # the others have no second derivative
        for probe in range(probes):
            generator = generator_for(context.seed, "hessian", probe, device=codec.device)
            loss = sent_loss(codec, batches[probe], context, generator)
            first = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True, materialize_grads=True)
            signs = [_random_signs(gradient, generator) for gradient in first]
            products = [(gradient * sign).sum() for gradient, sign in zip(first, signs, strict=True)]
            second = torch.autograd.grad(
                torch.stack(products).sum(), parameters, allow_unused=True, materialize_grads=True
            )
            for total, sign, gradient in zip(totals, signs, second, strict=True):
                total += sign * gradient / probes
    return [total.abs() for total in totals]


def _random_signs(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randint(2, like.shape, generator=generator, device=like.device).to(like.dtype) * 2 - 1
