"""SCU: joint unlearning of encoder and decoder, with contrastive compensation."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.channels.contract import Channel
from semlink.codecs.contract import Trait
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.posterior import divergence, divergence_from_prior
from semlink.simulator.link import Transmission, draw_snr, transmit
from semlink.simulator.training_settings import SnrLaw
from semlink.unlearning.contract import Erasure, Method, Partition, Reads
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent, End, descend
from semlink.unlearning.methods.parts.stop_rule import Stop, StopCheck, make_stop_rule, sets_with_stop
from semlink.unlearning.methods.scu.losses import (
    adaptive_total,
    compensation_loss,
    contrastive_ratio,
    unlearning_loss,
)


@dataclass(frozen=True)
class Scu(Method):
    """Raises the loss on the forget set, keeps its representation near the old one, and restores utility.

    L = w_u L_u + w_c L_c, with the terms of `losses.py`. Each pass goes once over the forget set; batches of the retain
    set of the same size are paired with it at random. One Adam optimiser moves encoder and decoder. The positive of a
    retained record is its own reconstruction, sent again, without gradient through the reconstruction.

    Fields: rate: learning rate, constant (1e-4). batch: records of each set a step (16). passes: at most (20).
            forget_weight: beta_u (0.1). brake_weight: lambda_kl (1). compensation: s (1). prior_weight: beta (1e-4).
            ratio: whether R is in the loss (True). detach_weights: keep gradients out of w_u, w_c (False).
            clip: largest gradient norm (5). decay: cosine decay of the rate to 0 (False).
            end: of the link that learns ("both").
            snr_db: Es/N0 in dB (None: the law of training).
            stop, stop_at: rule and threshold, see `make_stop_rule` ("auto"). check: steps between measurements (20).
    Reads:  forget set, retain set; validation set, where stop=level compares with it.
    Errors: ErasureError when a set is empty, the rule does not fit, or the codec is damaged beyond numbers.
    Source: see `losses.py`; the defaults are those of its MNIST codec.
            Differs: a real channel after the encoder; deterministic codecs have no prior term; the
            published rule stops at 10 % accuracy of an external classifier on the forget set.
    """

    rate: float = 1e-4
    batch: int = 16
    passes: int = 20
    forget_weight: float = 0.1
    brake_weight: float = 1.0
    compensation: float = 1.0
    prior_weight: float = 1e-4
    ratio: bool = True
    detach_weights: bool = False
    clip: float = 5.0
    snr_db: float | None = None
    decay: bool = False
    end: End = "both"
    stop: Stop = "auto"
    stop_at: float | None = None
    check: int = 20

    name: ClassVar[str] = "scu"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")
    needs: ClassVar[frozenset[Trait]] = frozenset({"link", "reconstruction"})

    def __post_init__(self) -> None:
        weights = ("forget_weight", "brake_weight", "compensation", "prior_weight")
        check_numbers(self, positive=("rate", "batch", "passes", "clip", "check"), not_negative=weights)

    def sets(self, codec: NeuralCodec[Any], partition: Partition) -> tuple[Reads, ...]:
        return sets_with_stop(self.stop, partition)

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        original, erased, context = erasure.original, erasure.erased, erasure.context
        law = context.training.snr_db if self.snr_db is None else self.snr_db
        rule = make_stop_rule(self.stop, self.stop_at, original, erasure.partition, context.channel, law, context.seed)
        forget, retain = erasure.equal_batches(self.batch)
        steps = self.passes * forget.per_epoch
        check = StopCheck(rule, erased, self.check, steps) if rule else None

        def loss(step: int, generator: torch.Generator) -> Tensor:
            return self.loss(erased, original, forget[step], retain[step], context.channel, law, generator)

        plan = Descent(steps, self.rate, decay=self.decay, clip=self.clip, end=self.end)
        descend(erasure, loss, plan, "scu", check.after_step if check else None)
        erasure.notes |= _notes(check)
        return erased

    def loss(
        self,
        erased: NeuralCodec[Any],
        original: NeuralCodec[Any],
        forget: Any,
        retain: Any,
        channel: Channel,
        law: SnrLaw,
        generator: torch.Generator,
    ) -> Tensor:
        """The loss of one step, from a batch of the forget set and an equally large one of the retain set."""
        lost = transmit(erased, channel, forget, draw_snr(law, len(forget), generator), generator)
        kept = transmit(erased, channel, retain, draw_snr(law, len(retain), generator), generator)
        with torch.no_grad():
            frozen = original.represent(forget)
        brake = divergence(lost.posterior, frozen)
        prior = divergence_from_prior(kept.posterior) if kept.posterior.sampled else torch.zeros_like(brake)
        ratio = contrastive_ratio(*contrast(erased, lost, kept, generator)) if self.ratio else brake.new_zeros(())
        return adaptive_total(
            unlearning_loss(brake, erased.loss(forget, lost.reception), self.brake_weight, self.forget_weight),
            compensation_loss(prior, ratio, erased.loss(retain, kept.reception), self.compensation, self.prior_weight),
            self.detach_weights,
        )


def contrast(
    erased: NeuralCodec[Any], lost: Transmission, kept: Transmission, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Embeddings of retained records, of their own reconstructions sent again, and of erased records: [batch, size]."""
    with torch.no_grad():
        estimate = erased.decode(kept.reception)
    again = erased.represent(estimate)
    return (
        erased.embed(kept.latent, kept.posterior.mask),
        erased.embed(again.sample(generator), again.mask),
        erased.embed(lost.latent, lost.posterior.mask),
    )


def _notes(check: StopCheck | None) -> dict[str, float | str]:
    if check is None:
        return {"stop": "none", "stopped": "passes"}
    rule = check.rule
    notes: dict[str, float | str] = {
        "stop": rule.name,
        "stop_at": rule.threshold,
        **check.notes(),
        "stopped": "threshold" if check.met() else "passes",
    }
    if rule.enough(check.values[0]):
        notes["warning"] = "the original met the rule before the first step, so that meeting it shows no forgetting"
    return notes
