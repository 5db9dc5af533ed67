"""Diagonal Fisher information: how much each parameter matters for some records, as they come over the channel."""

from typing import Any

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.methods.parts.descent import send


def diagonal_fisher(codec: NeuralCodec[Any], batches: Batches, context: ErasureContext, name: str) -> dict[str, Tensor]:
    """Mean squared gradient of the loss of a batch, over one epoch of `batches`.

    F_i = mean over batches B of (d/dw_i mean over x in B of loss(x))^2

    With one record a batch it is the diagonal of the empirical Fisher information, that is with the true targets and not
    with ones drawn from the codec. With b independent records a batch it is F_i / b + (1 - 1/b) (mean gradient_i)^2: another
    quantity, not only a smaller one, and `batches.per_epoch` backward passes instead of one a record. Each batch is sent
    once, at Es/N0 drawn from the law of training.

    In:     batches: of records made for this codec. name: of the use; with the seed it decides the noise.
    Out:    for each parameter that learns, its name and a tensor of its shape, float32, 0 where the loss does not
            depend on it (such as a discriminator). The codec keeps its weights, its `.grad` and its mode, and is
            differentiated without dropout and with the stored statistics of normalisation.
    Source: Kirkpatrick et al., Overcoming catastrophic forgetting in neural networks, 2017 (one record a batch).
    """
    learning = {key: parameter for key, parameter in codec.named_parameters() if parameter.requires_grad}
    total = {key: torch.zeros_like(parameter) for key, parameter in learning.items()}
    was_training = codec.training
    codec.eval()
    for index in range(batches.per_epoch):
        batch = batches[index]
        passage = send(codec, batch, context, generator_for(context.seed, name, index, device=codec.device))
        loss = codec.loss(batch, passage.reception).mean()
        gradients = torch.autograd.grad(loss, list(learning.values()), allow_unused=True)
        for sum_of_squares, gradient in zip(total.values(), gradients, strict=True):
            if gradient is not None:
                sum_of_squares += gradient.square()
    codec.train(was_training)
    return {key: value / batches.per_epoch for key, value in total.items()}
