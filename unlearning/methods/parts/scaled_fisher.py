"""Diagonal Fisher information of a loss without unit, so that strengths mean the same for images and for words."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.training import mean_loss
from semlink.unlearning.contract import CountedBatches, Erasure
from semlink.unlearning.methods.parts.fisher import diagonal_fisher

TINY = 1e-12  # a mean loss, or a Fisher information, below which nothing is left to divide by


@dataclass(frozen=True)
class ScaledFisher:
    """Empirical Fisher information, diagonal, of rec / unit.

    values: for each parameter, float32 of its shape. unit: mean rec of the records, as they come over the channel.
    mean: of all values. passes: backward passes that it took, one a record.
    """

    values: dict[str, Tensor]
    unit: float
    mean: float
    passes: int

    def damped(self, name: str, damping: float) -> Tensor:
        """F_i + damping * mean F of one parameter: never 0."""
        return self.values[name] + max(damping * self.mean, TINY)


def scaled_fisher(erasure: Erasure, records: Sequence[Record], limit: int, key: str) -> ScaledFisher:
    """From at most `limit` of the records, chosen at random. `key` of the use decides the noise.

    Its backward passes count as steps of the erasure.
    """
    codec, context = erasure.erased, erasure.context
    batches = CountedBatches(erasure, subset(records, limit, context.seed), 1, key)
    unit = max(TINY, mean_loss(codec, batches.all, context.channel, context.training.snr_db, context.seed))
    values = {name: value / unit**2 for name, value in diagonal_fisher(codec, batches, context, key).items()}
    mean = sum(value.sum().item() for value in values.values()) / sum(value.numel() for value in values.values())
    erasure.steps += batches.per_epoch
    return ScaledFisher(values, unit, mean, batches.per_epoch)
