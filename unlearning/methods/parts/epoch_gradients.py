"""Gradients of the loss of the batches of an epoch, as they come over the channel."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from semlink.codecs.contract import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.methods.parts.descent import sent_loss


def epoch_gradients(
    codec: NeuralCodec[Any], parameters: Sequence[nn.Parameter], batches: Batches, context: ErasureContext, key: str
) -> Iterator[tuple[Tensor, ...]]:
    """For each batch of one epoch, the gradient of its mean loss with respect to each parameter, in its shape.

    Each batch is sent once, at Es/N0 drawn from the law of training; with the seed, `key` decides the noise. A
    parameter that the loss does not depend on has the gradient 0. One backward pass a batch.
    """
    for index in range(batches.per_epoch):
        generator = generator_for(context.seed, key, index, device=codec.device)
        loss = sent_loss(codec, batches[index], context, generator)
        yield torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
