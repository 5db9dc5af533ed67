"""When a method has forgotten enough: a number measured on the forget set, and the threshold at which it may stop."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from semlink.channels.contract import Channel
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import ErasureError
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link import draw_snr, transmit
from semlink.simulator.metrics.accuracy import Accuracy
from semlink.simulator.metrics.contract import Metric
from semlink.simulator.metrics.term_recall import TermRecall
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.training import mean_loss
from semlink.simulator.training_settings import SnrLaw
from semlink.unlearning.contract import Partition, Reads

Stop = Literal["auto", "recall", "accuracy", "level", "none"]
CHECKED = 256  # records measured at each check; more would cost more than the unlearning itself


@dataclass(frozen=True)
class StopRule:
    """What is measured of a codec, and when it is enough: at least the threshold if it rises, else at most."""

    name: Stop
    measure: Callable[[NeuralCodec[Any]], float]
    threshold: float
    rises: bool

    def enough(self, value: float) -> bool:
        return value >= self.threshold if self.rises else value <= self.threshold


class StopCheck:
    """Measures a codec before the first step, then every `every` steps and after the last of `steps`.

    values: that were measured so far.
    """

    def __init__(self, rule: StopRule, codec: NeuralCodec[Any], every: int, steps: int) -> None:
        self.rule, self.codec, self.every, self.steps = rule, codec, every, steps
        self.values = [rule.measure(codec)]

    def after_step(self, done: int) -> tuple[str, bool]:
        """What to say after a step, and whether it is enough."""
        due = done % self.every == 0 or done == self.steps
        if due:
            self.values.append(self.rule.measure(self.codec))
        return f"{self.rule.name} {self.values[-1]:.3f}", due and self.met()

    def met(self) -> bool:
        """Whether the rule was met after some steps."""
        return len(self.values) > 1 and self.rule.enough(self.values[-1])

    def notes(self) -> dict[str, float | str]:
        """The first and the last value, for the certificate."""
        return {f"{self.rule.name}_before": self.values[0], f"{self.rule.name}_after": self.values[-1]}


def sets_with_stop(stop: Stop, partition: Partition) -> tuple[Reads, ...]:
    """The sets of a method that reads forget and retain set and stops by this rule.

    Errors: ErasureError when the rule needs validation records and there are none.
    """
    if _resolved(stop, partition) != "level":
        return ("forget", "retain")
    if not partition.validation:
        raise ErasureError("stop=level needs validation records that the request leaves; choose stop=none.")
    return ("forget", "retain", "validation")


def make_stop_rule(
    stop: Stop,
    threshold: float | None,
    codec: NeuralCodec[Any],
    partition: Partition,
    channel: Channel,
    law: SnrLaw,
    seed: int,
) -> StopRule | None:
    """The rule that `stop` names, always with the same records, fades and noise; None for "none".

    recall:   share of the occurrences of the request's terms that come through; stops at 0.1 or below. It measures
              what the request asks for, and nothing else.
    accuracy: share of the tokens of the forget set that come through; stops at 0.1 or below, the published rule put
              to text. A codec that never saw the records passes most of their tokens, so this demands damage.
    level:    mean loss on the forget set over the original's mean loss on the validation set; stops at 1 or above,
              when the records are no better known than unseen ones. It presumes that the forget set is as hard as the
              validation set, which does not hold for a whole class: compare with the retrained codec there. It judges
              outputs, as the others do; memory that outputs hide needs an audit.
    auto:     recall where the request names terms, else level.

    Errors: ErasureError when the rule does not fit the codec or the request, or the original has nothing to measure.
    """
    sets_with_stop(stop, partition)
    stop = _resolved(stop, partition)
    forget = subset(partition.forget, CHECKED, seed)
    match stop:
        case "level":
            validation = subset(partition.validation, CHECKED, seed)
            level = _level(codec, forget, validation, channel, law, seed)
            return StopRule(stop, level, 1.0 if threshold is None else threshold, rises=True)
        case "recall":
            if not partition.terms:
                raise ErasureError("stop=recall needs a request that names terms; choose stop=level.")
            metric: Metric = TermRecall(partition.terms)
            name = "term_recall"
        case "accuracy":
            metric, name = Accuracy(), "token_accuracy"
        case _:
            return None
    if codec.modality != "text":
        raise ErasureError(f"stop={stop} is for text; choose stop=level or stop=none.")
    share = _share(codec, metric, name, forget, channel, law, seed)
    return StopRule(stop, share, 0.1 if threshold is None else threshold, rises=False)


def _resolved(stop: Stop, partition: Partition) -> Stop:
    """The rule that `auto` stands for, or the given one."""
    if stop == "auto":
        return "recall" if partition.terms else "level"
    return stop


def _level(
    original: NeuralCodec[Any],
    forget: Sequence[Record],
    validation: Sequence[Record],
    channel: Channel,
    law: SnrLaw,
    seed: int,
) -> Callable[[NeuralCodec[Any]], float]:
    erased, unseen = (batch_of(original, part) for part in (forget, validation))
    unseen_loss = mean_loss(original, unseen, channel, law, seed)
    return lambda codec: mean_loss(codec, erased, channel, law, seed) / unseen_loss


def _share(
    original: NeuralCodec[Any],
    metric: Metric,
    name: str,
    forget: Sequence[Record],
    channel: Channel,
    law: SnrLaw,
    seed: int,
) -> Callable[[NeuralCodec[Any]], float]:
    batch, references = batch_of(original, forget), original.reference([record.payload for record in forget])

    @torch.no_grad()
    def measure(codec: NeuralCodec[Any]) -> float:
        generator = generator_for(seed, "stopping", device=codec.device)
        snr_db = draw_snr(law, len(batch), generator)
        estimate = codec.decode(transmit(codec, channel, batch, snr_db, generator).reception)
        return float(metric.values(metric.statistics(references, codec.as_metric_input(estimate)).mean(axis=0))[name])

    if math.isnan(measure(original)):
        raise ErasureError("The codec's words hold none of the request's terms; choose stop=level or stop=none.")
    return measure
