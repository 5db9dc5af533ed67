"""What training would do in its next step, for methods that keep a codec's quality on the retain set."""

import math
from typing import Any

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.simulator.training import training_objective
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.methods.parts.descent import Descent, End, send


def retain_objective(
    codec: NeuralCodec[Any], batch: Any, context: ErasureContext, generator: torch.Generator
) -> Tensor:
    """What a step of training would lower on a batch, which is sent over the channel of training: one number."""
    sent = send(codec, batch, context, generator)
    return training_objective(codec, batch, sent, context.training.prior_weight, generator)


def retain_plan(share: float, rate: float | None, end: End, context: ErasureContext) -> Descent:
    """A `share` of the steps of training, with its warm-up, decay and clip, and with its rate where None is given."""
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
