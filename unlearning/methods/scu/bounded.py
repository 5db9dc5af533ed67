"""SCU with a bounded forgetting force: it ends where a codec that never saw the records would be."""

import time
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.codecs.posterior import divergence
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches, batch_of
from semlink.simulator.link import draw_snr, transmit
from semlink.unlearning.contract import ErasedCodec, ErasureContext, Method, Partition, Reads
from semlink.unlearning.information.terms import Bound, info_nce, information_bound
from semlink.unlearning.methods.parts.checks import check_numbers, check_records
from semlink.unlearning.methods.parts.descent import Descent, End, descend, working_copies
from semlink.unlearning.methods.scu.forget_target import ForgetTarget, Sent
from semlink.unlearning.methods.scu.loss_target import quick_levels
from semlink.unlearning.methods.scu.reinitialise import reinitialise
from semlink.unlearning.methods.scu.scu import contrast
from semlink.unlearning.methods.scu.share_target import share_targets
from semlink.unlearning.methods.scu.word_shares import WordShares

Choice = Literal["auto", "share", "level"]
OWN = 0.5  # share of the erased images with content of their own from which `auto` takes share targets
WARMUP = 5
LOOKED_AT = 256  # erased records by which it is judged whether there is anything to do


@dataclass(frozen=True)
class ScuBounded(Method):
    """Joint unlearning whose force vanishes once the records are as strange as retraining would leave them.

    SCU lowers I(Z; D_e), what the representation tells of the erased records, without an end. But most of it is taught
    by the retained records as well, and a retrained codec has it too. What has to go is I(Z; D_e | D_r), what only the
    erased records taught. Three forces aim at that and end there:

    share: of words. The share w that erased records have in all occurrences of a word says who taught it. What belongs
           to words with w = 1, their vectors, which encoder and decoder share, is renewed: it becomes what it is in a
           codec trained on D_r (see `renewal`). Where such words still come through (mean p above 0.02), or nothing can
           be renewed, steps follow on mean (1 - w) rec + forget_weight * mean w * -log(1 - p), over tokens.
    share: of images. rec_r + forget_weight * rec(received x_e against T), with the share target T, which is x_e with
           what only erased images show replaced by what a like kept image shows there (see `share_target`).
    level: rec_r + forget_weight * mean m * mean log(rec_e / m)^2, where m is the loss that a record would have at its
           SNR had the codec never seen it: by difference-in-differences from a quick reference, a fresh codec trained
           on the retain set (see `level`).
    auto:  share where the request names terms, which only erased records hold, and for images where at least half of
           the erased ones show content of their own (w >= 0.9), such as a trigger; else level.

    Steps are Adam's, with warm-up and cosine decay to 0. Meeting the level is not erasing: training on the retain set brings part of the memory
    back, less of it after more steps at the rate of training. A short quick reference knows little of kinds of data, so
    that it sets the level of a whole class too low; more `quick`, or `level_scale`, raises it.

    Fields: force: see above ("auto"). steps: (None: 20 for share of words, none where renewal was enough; 1.5 % of those
            of training for share of images, an eighth for level). rate: peak learning rate (None: 3e-4 for share of words,
            a quarter of that of training for share of images, that of training for level). batch: records of each set
            a step (32). forget_weight: (1). clip: largest gradient norm (1). power: of the share (4). reinitialise: see share
            (True). quick: steps of the quick reference, as a share of those of training (0.1). level_scale: factor of
            m (1). end: of the link whose weights learn ("both"); renewal changes what both share in any case.
            Options off by default (0): brake_weight: of KL(q_u || q_0) on the erased records, where q_0 is that of the
            share target, if there is one (0.01 then took more of a trigger away); bound_weight: of an upper bound on
            I(Z; D_e), which `bound` names ("vub"); contrast_weight: of InfoNCE. The others helped nowhere.
    Reads:  forget set, retain set; validation set for level.
    Errors: ErasureError when a set is empty, share meets a codec without tokens, or the codec is damaged beyond
            numbers.
    Source: the share and the level are of this project, the frame and InfoNCE of SCU (see `scu_loss`).
    """

    force: Choice = "auto"
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

    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")
    needs: ClassVar[frozenset[Trait]] = frozenset({"link"})

    def __post_init__(self) -> None:
        weights = ("forget_weight", "brake_weight", "bound_weight", "contrast_weight", "steps")
        positive = ("batch", "power", "quick", "level_scale", "clip", "rate")
        check_numbers(self, positive, not_negative=weights)

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: ErasureContext) -> ErasedCodec:
        check_records(partition, ("forget", "retain"))
        began = time.monotonic()
        original, erased = working_copies(codec)
        size = min(self.batch, len(partition.forget), len(partition.retain))
        forget = batch_of(codec, partition.forget)
        retain = Batches(codec, partition.retain, size, context.seed, "retain", codec.device)
        force = self._force(original, forget, retain.all, partition, context)
        forget = force.chosen(forget)
        drift = (
            reinitialise(erased, force.owned(), retain, context)
            if self.reinitialise and isinstance(force, WordShares)
            else 0
        )
        planned = force.plan(context.training)
        steps = planned[0] if self.steps is None else self.steps
        if self.steps is None and self._met(erased, force, forget, context):
            steps = 0
        rate = self.rate or planned[1]

        def loss(step: int, generator: torch.Generator) -> Tensor:
            rows = torch.randperm(len(forget), generator=generator, device=codec.device)[:size]
            lost = self._send(erased, forget[rows], rows, context, generator)
            kept = self._send(erased, retain[step], rows, context, generator)
            options = self._options(erased, original, force, lost, kept, generator)
            return force.loss(erased, lost, kept, self.forget_weight) + options

        plan = Descent(steps, rate, WARMUP, clip=self.clip, end=self.end)
        descend(erased, loss, plan, context, "scu-bounded")
        notes: dict[str, float | str] = {"force": force.name, "rate": rate, "drift_steps": drift, **force.notes()}
        samples = 2 * size * steps + force.samples
        return ErasedCodec(erased, force.reads, time.monotonic() - began, steps, samples, notes)

    def _force(
        self, original: NeuralCodec[Any], forget: Any, retain: Any, partition: Partition, context: ErasureContext
    ) -> ForgetTarget:
        if isinstance(forget, Tensor) and self.force != "level":
            generator = generator_for(context.seed, "share target", device=original.device)
            targets = share_targets(forget, retain, self.power, generator)
            if self.force == "share" or targets.own() >= OWN:
                return targets
        elif self.force == "share" or (self.force == "auto" and partition.terms):
            return WordShares.of(original, forget, retain, self.power)
        check_records(partition, ("validation",))
        return quick_levels(original, partition, context, self.quick, self.level_scale)

    @torch.no_grad()
    def _met(self, erased: NeuralCodec[Any], force: ForgetTarget, forget: Any, context: ErasureContext) -> bool:
        generator = generator_for(context.seed, "met", device=erased.device)
        rows = torch.randperm(len(forget), generator=generator, device=erased.device)[:LOOKED_AT]
        return force.met(erased, self._send(erased, forget[rows], rows, context, generator))

    def _send(
        self, codec: NeuralCodec[Any], batch: Any, rows: Tensor, context: ErasureContext, generator: torch.Generator
    ) -> Sent:
        snr_db = draw_snr(context.training.snr_db, len(batch), generator)
        return Sent(batch, rows, snr_db, transmit(codec, context.channel, batch, snr_db, generator))

    def _options(
        self,
        erased: NeuralCodec[Any],
        original: NeuralCodec[Any],
        force: ForgetTarget,
        lost: Sent,
        kept: Sent,
        generator: torch.Generator,
    ) -> Tensor | float:
        """The terms that are off by default."""
        loss: Tensor | float = 0.0
        if self.brake_weight:
            with torch.no_grad():
                frozen = original.represent(force.aim(lost))
            loss += self.brake_weight * divergence(lost.passage.posterior, frozen).mean()
        if self.bound_weight:
            loss += self.bound_weight * information_bound(self.bound, lost.passage.posterior, lost.passage.latent)
        if self.contrast_weight:
            loss += self.contrast_weight * info_nce(*contrast(erased, lost.passage, kept.passage, generator))
        return loss
