"""Diagonal Fisher information: how much each parameter matters for some records, as they come over the channel."""

from typing import Any

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.batches import Batches
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.methods.parts.epoch_gradients import epoch_gradients


def diagonal_fisher(codec: NeuralCodec[Any], batches: Batches, context: ErasureContext, key: str) -> dict[str, Tensor]:
    """Mean squared gradient of the loss of a batch, over one epoch of `batches`.

    F_i = mean over batches B of (d/dw_i mean over x in B of loss(x))^2

    With one record a batch it is the diagonal of the empirical Fisher information: with the true targets, and not with
    targets drawn from the codec. With b independent records a batch it is F_i / b + (1 - 1/b) (mean gradient_i)^2. That
    is another quantity, not only a smaller one, and takes `batches.per_epoch` backward passes instead of one a record.

    In:     batches: of records made for this codec. key: of the use; with the seed it decides the noise.
    Out:    for each parameter that learns, its name and a tensor of its shape, float32, 0 where the loss does not
            depend on it (such as a discriminator). The codec keeps its weights, its `.grad` and its mode. It is
            differentiated without dropout and with the stored statistics of normalisation.
    Source: Kirkpatrick et al., Overcoming catastrophic forgetting in neural networks, 2017 (one record a batch).
    """
    learning = {name: parameter for name, parameter in codec.named_parameters() if parameter.requires_grad}
    totals = {name: torch.zeros_like(parameter) for name, parameter in learning.items()}
    was_training = codec.training
    codec.eval()
    for gradients in epoch_gradients(codec, list(learning.values()), batches, context, key):
        for total, gradient in zip(totals.values(), gradients, strict=True):
            total += gradient.square()
    codec.train(was_training)
    return {name: total / batches.per_epoch for name, total in totals.items()}
