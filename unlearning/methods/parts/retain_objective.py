"""A lesson: what training would do in its next step, for methods that keep a codec's quality on the retain set."""

import math
from typing import Any

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.codecs.posterior import divergence_from_prior
from semlink.simulator.batches import Batches
from semlink.simulator.link import Transmission
from semlink.unlearning.contract import ErasureContext, Partition, Reads
from semlink.unlearning.methods.parts.descent import Descent, End


def retain_objective(
    codec: NeuralCodec[Any], batch: Any, passage: Transmission, context: ErasureContext, generator: torch.Generator
) -> Tensor:
    """objective + beta KL(q(z|x) || N(0, I)), one number; the second term for variational codecs alone, as in training."""
    taught = codec.objective(batch, passage.reception, generator)
    if passage.posterior.sampled:
        taught = taught + context.training.prior_weight * divergence_from_prior(passage.posterior).mean()
    return taught


def retain_plan(share: float, rate: float | None, end: End, context: ErasureContext) -> Descent:
    """As many steps as a `share` of those of training, with its warm-up, decay and clip, and its rate where None is given."""
    training = context.training
    steps = max(1, round(share * training.steps))
    return Descent(
        steps,
        training.learning_rate if rate is None else rate,
        warmup=math.ceil(training.warmup * steps / training.steps),
        clip=training.clip,
        momentum=training.momentum,
        end=end,
    )


def batches_of(codec: NeuralCodec[Any], partition: Partition, name: Reads, context: ErasureContext) -> Batches:
    """Batches of one set as large as those of training, or as the set."""
    return Batches(codec, getattr(partition, name), context.training.batch, context.seed, name, codec.device)
