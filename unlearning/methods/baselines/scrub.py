"""SCRUB: away from the original on the forget set, back to it on the retain set, with a rewind to an earlier round."""

import itertools
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.errors import WrongField
from semlink.simulator.batches import batch_of
from semlink.simulator.sources.subset import subset
from semlink.simulator.training import HELD_OUT, mean_loss, training_objective
from semlink.unlearning.contract import Erasure, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import End, descend
from semlink.unlearning.methods.parts.retain_objective import retain_plan
from semlink.unlearning.methods.parts.teacher import beside_teacher


@dataclass(frozen=True)
class Scrub(Method):
    """Takes rounds of steps down; the `ascents` rounds after the first begin with steps up.

    up:    loss = -mean D(original || erased; x_e)
    down:  loss = gamma * retain_objective(x_r) + alpha * mean D(original || erased; x_r)

    D compares what receivers believe after the channel, each behind its own sender, in the same noise. With `rewind`,
    the weights after that round are kept whose loss on the forget set is nearest to the loss of the last ones on the
    validation set: forgotten is then no more than unknown.

    Fields: share: steps down, of the training steps (0.1). rounds: that they are divided into (10). ascents: rounds
            that begin with steps up, fewer than rounds (3). up: how many, for each step down of a round (0.1).
            alpha: weight of the divergence (0.5). gamma: of `retain_objective` (1). temperature: of the beliefs (2).
            rate: peak learning rate (None: that of training). rewind: SCRUB+R (False).
            end: of the link that learns ("both").
    Reads:  forget set, retain set; validation set, with rewind.
    Errors: ErasureError when a set is empty, or the codec is damaged beyond numbers.
    Source: Kurmanji et al., Towards unbounded machine unlearning, NeurIPS 2023; alpha, gamma, temperature, rounds and
            ascents are those of its small sets, where a round is an epoch.
            Differs: a round is a share of the budget and not an epoch, and the cosine of training leads the rate to 0.
            The first round has no steps up: before the codec has moved, its divergence from itself in the same noise
            has no gradient. A stopped run with rewind starts over.
    """

    share: float = 0.1
    rounds: int = 10
    ascents: int = 3
    up: float = 0.1
    alpha: float = 0.5
    gamma: float = 1.0
    temperature: float = 2.0
    rate: float | None = None
    rewind: bool = False
    end: End = "both"

    name: ClassVar[str] = "scrub"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")

    def __post_init__(self) -> None:
        positive = ("share", "rounds", "ascents", "up", "temperature", "rate")
        check_numbers(self, positive, not_negative=("alpha", "gamma"))
        if self.ascents >= self.rounds:
            raise WrongField(f"scrub cannot take ascents={self.ascents} in {self.rounds} rounds; give fewer ascents.")

    def sets(self, codec: NeuralCodec[Any], partition: Partition) -> tuple[Reads, ...]:
        return self.reads if self.rewind else ("forget", "retain")

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        original, erased, context = erasure.original, erasure.erased, erasure.context
        forget, retain = erasure.batches("forget"), erasure.batches("retain")
        plan = retain_plan(self.share, self.rate, self.end, context)
        rounds = self.schedule(plan.steps)
        upwards = [up for steps in rounds for up in steps]
        climbed = [0, *itertools.accumulate(upwards)]
        ends = set(itertools.accumulate(len(steps) for steps in rounds))
        versions: list[dict[str, Tensor]] = []

        def loss(step: int, generator: torch.Generator) -> Tensor:
            if upwards[step]:
                batch = forget[climbed[step]]
                distance, _ = beside_teacher(erased, original, batch, context, generator, self.temperature)
                return -distance.mean()
            batch = retain[step - climbed[step]]
            distance, sent = beside_teacher(erased, original, batch, context, generator, self.temperature)
            objective = training_objective(erased, batch, sent, context.training.prior_weight, generator)
            return self.gamma * objective + self.alpha * distance.mean()

        def keep_version(done: int) -> tuple[str, bool]:
            if done in ends:
                versions.append({name: value.detach().clone() for name, value in erased.state_dict().items()})
            return "up" if upwards[done - 1] else "down", False

        plan = replace(plan, steps=len(upwards))
        descend(erasure, loss, plan, "scrub", keep_version if self.rewind else None, resume=not self.rewind)
        erasure.notes["steps_up"] = float(climbed[-1])
        if self.rewind:
            erasure.notes["round_kept"] = float(rewind(erasure, versions) + 1)
        return erased

    def schedule(self, down: int) -> list[list[bool]]:
        """For each round, which of its steps lead up; all rounds together have `down` steps down.

        A round has at least one step down, and at least one up if it has any.
        """
        shares = [down * (index + 1) // self.rounds - down * index // self.rounds for index in range(self.rounds)]
        return [
            [True] * (max(1, round(self.up * share)) if 0 < index <= self.ascents else 0) + [False] * max(1, share)
            for index, share in enumerate(shares)
        ]


def rewind(erasure: Erasure, versions: list[dict[str, Tensor]]) -> int:
    """Gives the erased codec the weights of the round to keep, whose index it returns."""
    erased, context = erasure.erased, erasure.context
    forget, validation = (
        batch_of(erased, subset(records, HELD_OUT, context.seed))
        for records in (erasure.partition.forget, erasure.partition.validation)
    )
    law = context.training.snr_db
    unseen_loss = mean_loss(erased, validation, context.channel, law, context.seed)
    gaps = []
    for weights in versions:
        erased.load_state_dict(weights)
        gaps.append(abs(mean_loss(erased, forget, context.channel, law, context.seed) - unseen_loss))
    chosen = gaps.index(min(gaps))
    erased.load_state_dict(versions[chosen])
    erasure.samples += len(versions) * len(forget) + len(validation)
    return chosen
