"""SCRUB: away from the original on the forget set, back to it on the retain set, and a rewind where it went too far."""

import itertools
import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.errors import WrongField
from semlink.simulator.batches import batch_of
from semlink.simulator.sources.subset import subset
from semlink.simulator.training import HELD_OUT, mean_loss
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import End, descend, working_copies
from semlink.unlearning.methods.parts.retain_objective import batches_of, retain_objective, retain_plan
from semlink.unlearning.methods.parts.teacher import beside_teacher


@dataclass(frozen=True)
class Scrub(Method):
    """Rounds of steps down; the `ascents` rounds after the first begin with steps up.

    up:    loss = -mean D(original || erased; x_e)
    down:  loss = gamma * retain_objective(x_r) + alpha * mean D(original || erased; x_r)

    D compares what receivers believe after the channel, each behind its own sender, in the same noise. With `rewind`, the
    weights after that round are kept whose loss on the forget set is nearest to the loss of the last ones on the
    validation set: forgotten is then no more than unknown.

    Fields: share: steps down, of the training steps (0.1). rounds: that they are divided into (10). ascents: rounds that
            begin with steps up, fewer than rounds (3). up: how many, for each step down of a round (0.1).
            alpha: weight of the divergence (0.5). gamma: of the lesson (1). temperature: of the beliefs (2).
            rate: peak learning rate (None: that of training). rewind: SCRUB+R (False).
            end: of the link that learns ("both").
    Reads:  forget set, retain set; validation set, with rewind.
    Errors: ErasureError when a set is empty, or the codec is damaged beyond numbers.
    Source: Kurmanji et al., Towards unbounded machine unlearning, NeurIPS 2023; alpha, gamma, temperature, rounds and
            ascents are those of its small sets, where a round is an epoch.
            Differs: a round is a share of the budget and not an epoch, and the cosine of training leads the rate to 0. The
            first round has no steps up: before the codec has moved, its divergence from itself in the same noise has no
            gradient. A stopped run with rewind starts over.
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

    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")

    def __post_init__(self) -> None:
        positive = ("share", "rounds", "ascents", "up", "temperature", "rate")
        check_numbers(self, positive, not_negative=("alpha", "gamma"))
        if self.ascents >= self.rounds:
            raise WrongField(f"scrub cannot take ascents={self.ascents} in {self.rounds} rounds; give fewer ascents.")

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        used: tuple[Reads, ...] = self.reads if self.rewind else ("forget", "retain")
        check_records(partition, used)
        began = time.monotonic()
        original, erased = working_copies(codec)
        forget, retain = (batches_of(erased, partition, name, context) for name in ("forget", "retain"))
        plan = retain_plan(self.share, self.rate, self.end, context)
        rounds = self.schedule(plan.steps)
        steps = [upwards for one in rounds for upwards in one]
        climbed = [0, *itertools.accumulate(steps)]
        ends = set(itertools.accumulate(len(one) for one in rounds))
        versions: list[dict[str, Tensor]] = []

        def loss(step: int, generator: torch.Generator) -> Tensor:
            if steps[step]:
                batch = forget[climbed[step]]
                return -beside_teacher(erased, original, batch, context, generator, self.temperature)[0].mean()
            batch = retain[step - climbed[step]]
            apart, passage = beside_teacher(erased, original, batch, context, generator, self.temperature)
            return self.gamma * retain_objective(erased, batch, passage, context, generator) + self.alpha * apart.mean()

        def look(done: int) -> tuple[str, bool]:
            if done in ends:
                versions.append({name: value.detach().clone() for name, value in erased.state_dict().items()})
            return "up" if steps[done - 1] else "down", False

        plan = replace(plan, steps=len(steps))
        setting = replace(context, checkpoint=None) if self.rewind else context
        done = descend(erased, loss, plan, setting, "scrub", look if self.rewind else None)
        samples = climbed[-1] * forget.size + (done - climbed[-1]) * retain.size
        notes: dict[str, float | str] = {"steps_up": float(climbed[-1])}
        if self.rewind:
            chosen, looked_at = self._rewind(erased, versions, partition, context)
            notes["round_kept"] = float(chosen + 1)
            samples += looked_at
        return ErasedCodec(erased, used, time.monotonic() - began, done, samples, notes)

    def schedule(self, down: int) -> list[list[bool]]:
        """Which steps of each round lead up, in all `down` of them down; a round has at least one down, and one up if any."""
        shares = [down * (index + 1) // self.rounds - down * index // self.rounds for index in range(self.rounds)]
        return [
            [True] * (max(1, round(self.up * share)) if 0 < index <= self.ascents else 0) + [False] * max(1, share)
            for index, share in enumerate(shares)
        ]

    def _rewind(
        self, erased: NeuralCodec[Any], versions: list[dict[str, Tensor]], partition: Partition, context: ErasureContext
    ) -> tuple[int, int]:
        """Gives `erased` the weights of the round to keep; its index, and how many records were looked at."""
        sets = [subset(getattr(partition, name), HELD_OUT, context.seed) for name in ("forget", "validation")]
        forget, validation = (batch_of(erased, records) for records in sets)
        law = context.training.snr_db
        unknown = mean_loss(erased, validation, context.channel, law, context.seed)
        gaps = []
        for weights in versions:
            erased.load_state_dict(weights)
            gaps.append(abs(mean_loss(erased, forget, context.channel, law, context.seed) - unknown))
        chosen = gaps.index(min(gaps))
        erased.load_state_dict(versions[chosen])
        return chosen, len(versions) * len(sets[0]) + len(sets[1])
