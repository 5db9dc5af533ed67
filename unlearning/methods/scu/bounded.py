"""SCU with a bounded forget target: it ends where a codec that never saw the records would be."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.codecs.posterior import divergence
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches, batch_of
from semlink.simulator.link import draw_snr, transmit
from semlink.unlearning.contract import Erasure, ErasureContext, Method, Partition, Reads
from semlink.unlearning.information.terms import Bound, info_nce, information_bound
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent, End, descend
from semlink.unlearning.methods.scu.forget_target import ForgetTarget, SentRecords
from semlink.unlearning.methods.scu.loss_target import quick_loss_target
from semlink.unlearning.methods.scu.reinitialise import reinitialise
from semlink.unlearning.methods.scu.scu import contrast
from semlink.unlearning.methods.scu.share_target import make_share_targets
from semlink.unlearning.methods.scu.word_shares import WordShares

TargetChoice = Literal["auto", "share", "level"]
EXCLUSIVE = 0.5  # share of the erased images with exclusive content from which `auto` takes share targets
WARMUP = 5
LOOKED_AT = 256  # erased records that show whether there is anything to do


@dataclass(frozen=True)
class ScuBounded(Method):
    """Joint unlearning towards a target, which is where retraining would leave the erased records.

    SCU lowers I(Z; D_e), what the representation tells of the erased records, without an end. But the retained records
    teach most of it too, so that a retrained codec has it as well. What has to go is I(Z; D_e | D_r), what only the
    erased records taught. Three forget targets aim at that and end there:

    share: of words. The share w that erased records have in all occurrences of a word says who taught it. What belongs
           to words with w = 1, their vectors, which encoder and decoder share, is reinitialised: it becomes what it is
           in a codec trained on D_r (see `reinitialise`). Where such words still come through (mean p above 0.02), or
           nothing can be reinitialised, steps follow on mean (1 - w) rec + forget_weight * mean w * -log(1 - p), over
           tokens.
    share: of images. rec_r + forget_weight * rec(received x_e against T), with the share target T, which is x_e with
           what only erased images show replaced by what a like kept image shows there (see `make_share_targets`).
    level: rec_r + forget_weight * mean m * mean log(rec_e / m)^2, where m is the loss that a record would have at its
           SNR had the codec never seen it: by difference-in-differences from a quick reference, a fresh codec trained
           briefly on the retain set (see `loss_target.py`).
    auto:  share where the request names terms, which only erased records hold, and for images where at least half of
           the erased ones show exclusive content (w >= 0.9), such as a trigger; else level.

    Steps are Adam's, with warm-up and cosine decay to 0. A record that meets its target is not erased yet: training on
    the retain set brings part of the memory back, less of it after more steps at the rate of training. A short quick
    reference knows little of kinds of data, so that it sets the target of a whole class too low; more `quick`, or
    `level_scale`, raises it.

    Fields: force: the forget target, see above ("auto"). steps: (None: 20 for share of words, none where
            reinitialisation was enough; 1.5 % of those of training for share of images, an eighth for level). rate:
            peak learning rate (None: 3e-4 for share of words, a quarter of that of training for share of images, that
            of training for level). batch: records of each set a step (32). forget_weight: (1). clip: largest gradient
            norm (1). power: of the share (4). reinitialise: see share (True). quick: steps of the quick reference, as a
            share of those of training (0.1). level_scale: factor of m (1). end: of the link whose weights learn
            ("both"); reinitialisation changes what both ends share in any case.
            Options off by default (0): brake_weight: of KL(q_u || q_0) on the erased records, where q_0 is that of the
            share target, if there is one (0.01 then took more of a trigger away); bound_weight: of an upper bound on
            I(Z; D_e), which `bound` names ("vub"); contrast_weight: of InfoNCE. The others helped nowhere.
    Reads:  forget set, retain set; validation set for level.
    Errors: ErasureError when a set is empty, share meets a codec without tokens, or the codec is damaged beyond
            numbers.
    Source: the share and the level are of this project, the frame and InfoNCE of SCU (see `losses.py`).
    """

    force: TargetChoice = "auto"
    steps: int | None = None
    rate: float | None = None
    batch: int = 32
    forget_weight: float = 1.0
    power: float = 4.0
    quick: float = 0.1
    level_scale: float = 1.0
    reinitialise: bool = True
    brake_weight: float = 0.0
    bound: Bound = "vub"
    bound_weight: float = 0.0
    contrast_weight: float = 0.0
    clip: float = 1.0
    end: End = "both"

    name: ClassVar[str] = "scu-bounded"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")
    needs: ClassVar[frozenset[Trait]] = frozenset({"link"})

    def __post_init__(self) -> None:
        weights = ("forget_weight", "brake_weight", "bound_weight", "contrast_weight", "steps")
        positive = ("batch", "power", "quick", "level_scale", "clip", "rate")
        check_numbers(self, positive, not_negative=weights)

    def sets(self, codec: NeuralCodec[Any], partition: Partition) -> tuple[Reads, ...]:
        return ("forget", "retain")

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        original, erased, partition, context = erasure.original, erasure.erased, erasure.partition, erasure.context
        size = min(self.batch, len(partition.forget), len(partition.retain))
        forget = batch_of(erased, partition.forget)
        retain = Batches(erased, partition.retain, size, context.seed, "retain", erased.device)
        target = self._target(erasure, forget, retain.all)
        forget = target.chosen(forget)
        drift_steps = 0
        if self.reinitialise and isinstance(target, WordShares):
            drift_steps = reinitialise(erased, target.exclusive(), retain, context)
        planned_steps, planned_rate = target.plan(context.training)
        steps = planned_steps if self.steps is None else self.steps
        if self.steps is None and self._met(erased, target, forget, context):
            steps = 0
        rate = self.rate or planned_rate
        erasure.samples += target.samples

        def loss(step: int, generator: torch.Generator) -> Tensor:
            rows = torch.randperm(len(forget), generator=generator, device=erased.device)[:size]
            erasure.samples += 2 * size
            lost = _send(erased, forget[rows], rows, context, generator)
            kept = _send(erased, retain[step], rows, context, generator)
            options = self._options(erased, original, target, lost, kept, generator)
            return target.loss(erased, lost, kept, self.forget_weight) + options

        descend(erasure, loss, Descent(steps, rate, WARMUP, clip=self.clip, end=self.end), "scu-bounded")
        erasure.notes |= {"force": target.name, "rate": rate, "drift_steps": drift_steps, **target.notes()}
        return erased

    def _target(self, erasure: Erasure, forget: Any, retain: Any) -> ForgetTarget:
        """The forget target for this codec and request, from all records of both sets."""
        original, partition, context = erasure.original, erasure.partition, erasure.context
        if isinstance(forget, Tensor) and self.force != "level":
            generator = generator_for(context.seed, "share target", device=original.device)
            targets = make_share_targets(forget, retain, self.power, generator)
            if self.force == "share" or targets.exclusive_share() >= EXCLUSIVE:
                return targets
        elif self.force == "share" or (self.force == "auto" and partition.terms):
            return WordShares.of(original, forget, retain, self.power)
        erasure.read("validation")
        return quick_loss_target(original, partition, context, self.quick, self.level_scale)

    @torch.no_grad()
    def _met(self, erased: NeuralCodec[Any], target: ForgetTarget, forget: Any, context: ErasureContext) -> bool:
        """Whether the target is met before the first step."""
        generator = generator_for(context.seed, "met", device=erased.device)
        rows = torch.randperm(len(forget), generator=generator, device=erased.device)[:LOOKED_AT]
        return target.met(erased, _send(erased, forget[rows], rows, context, generator))

    def _options(
        self,
        erased: NeuralCodec[Any],
        original: NeuralCodec[Any],
        target: ForgetTarget,
        lost: SentRecords,
        kept: SentRecords,
        generator: torch.Generator,
    ) -> Tensor | float:
        """The terms that are off by default."""
        loss: Tensor | float = 0.0
        if self.brake_weight:
            with torch.no_grad():
                frozen = original.represent(target.aim(lost))
            loss += self.brake_weight * divergence(lost.sent.posterior, frozen).mean()
        if self.bound_weight:
            loss += self.bound_weight * information_bound(self.bound, lost.sent.posterior, lost.sent.latent)
        if self.contrast_weight:
            loss += self.contrast_weight * info_nce(*contrast(erased, lost.sent, kept.sent, generator))
        return loss


def _send(
    codec: NeuralCodec[Any], batch: Any, rows: Tensor, context: ErasureContext, generator: torch.Generator
) -> SentRecords:
    snr_db = draw_snr(context.training.snr_db, len(batch), generator)
    return SentRecords(batch, rows, snr_db, transmit(codec, context.channel, batch, snr_db, generator))
