"""Reinitialisation: parameters of elements that only erased records hold become as if these were never met."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from semlink.codecs.contract import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches
from semlink.simulator.optimisation import rate_at
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.methods.parts.descent import send

BATCHES = 4  # of retained records whose features stand for all
FEATURES = 1280  # a step
DRIFT = 0.2  # of the steps of training; features of a trained codec push more than those of a codec in training


def reinitialise(erased: NeuralCodec[Any], exclusive: Tensor, retain: Batches, context: ErasureContext) -> int:
    """Gives the parameters of the elements `exclusive`, int64 [ids], the values that training without them would.

    A word that no record holds does not keep its first vector. The vector is never sent, but it stands in the softmax
    of every word that is sent, and each step pushes it away from them. So the parameters are first those of a fresh
    codec
    and then drift: they alone are trained, as training does it, on what the codec receives of retained records, whose
    features are computed once. A fifth of the steps of training drifted as far as retraining did (mean log-probability
    of the words: -18.9 against -19.0 in the retrained codec on Python's documentation, -28.3 against -27.7
    on the European Parliament, both with the one-pass receiver; `experiments/studies/drift.py` measures it). With
    the autoregressive receiver it may be too short. Without the drift, words come back sooner than in a retrained codec
    when somebody shows a few of them again.

    Out: steps of the drift; 0 where no element is exclusive.
    """
    if not len(exclusive):
        return 0
    with torch.no_grad():
        for parameter, new in zip(erased.element_parameters(), context.fresh().element_parameters(), strict=True):
            parameter[exclusive] = new.to(parameter.device)[exclusive]
    return _drift(erased, exclusive, retain, context)


def _drift(erased: NeuralCodec[Any], exclusive: Tensor, retain: Batches, context: ErasureContext) -> int:
    training, (vectors, bias, *_) = context.training, erased.element_parameters()
    features, others = _received(erased, exclusive, retain, context)
    drifting = [parameter.detach()[exclusive].clone().requires_grad_() for parameter in (vectors, bias)]
    steps = max(1, round(DRIFT * training.steps))
    warmup = round(DRIFT * training.warmup)
    optimiser = torch.optim.AdamW(drifting, lr=training.learning_rate, weight_decay=training.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_at(step, steps, warmup))
    generator = generator_for(context.seed, "drift", device=erased.device)
    for _ in range(steps):
        rows = torch.randint(len(features), (FEATURES,), generator=generator, device=erased.device)
        scores = functional.linear(features[rows], *drifting)
        # -log p of another word, less what does not depend on the drifting parameters.
        loss = functional.softplus(scores.logsumexp(dim=1) - others[rows]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        vectors[exclusive], bias[exclusive] = drifting
    return steps


@torch.no_grad()
def _received(
    erased: NeuralCodec[Any], exclusive: Tensor, retain: Batches, context: ErasureContext
) -> tuple[Tensor, Tensor]:
    """Features of some received elements, float32 [elements, width], and the logsumexp of the scores of all others."""
    vectors, bias, *_ = erased.element_parameters()
    parts = []
    for number in range(BATCHES):
        generator = generator_for(context.seed, "drift", number, device=erased.device)
        batch = retain[number]
        features = erased.element_features(batch, send(erased, batch, context, generator).reception)
        scores = functional.linear(features, vectors, bias)
        scores[:, exclusive] = -torch.inf
        parts.append((features, scores.logsumexp(dim=1)))
    features, others = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    return features, others
