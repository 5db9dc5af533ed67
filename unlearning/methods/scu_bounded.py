"""SCU with a bounded forgetting force: it ends where a codec that never saw the records would be."""

import copy
import math
import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.codecs.posterior import divergence
from semlink.errors import ErasureError
from semlink.progress import Progress
from semlink.seeding import generator_for, seed_for
from semlink.simulator.batches import Batches
from semlink.simulator.link import draw_snr, transmit
from semlink.simulator.training import TrainingSettings, rate_at, train
from semlink.unlearning.contract import Context, ErasedCodec, Method, Partition, Reads
from semlink.unlearning.methods.checks import check_numbers, check_records
from semlink.unlearning.methods.influence import influence_shares, share_loss
from semlink.unlearning.methods.information import Bound, info_nce, information_bound
from semlink.unlearning.methods.level import Levels, find_levels, level_loss
from semlink.unlearning.methods.scu import contrast
from semlink.unlearning.methods.share_target import ShareTargets, share_targets

Force = Literal["auto", "share", "level"]
Goal = Tensor | ShareTargets | Levels
SHARE_STEPS, SHARE_RATE = 20, 3e-4
LEVEL_STEPS, TARGET_STEPS = 0.125, 0.015  # of the training steps
TARGET_RATE = 0.25  # of the rate of training: at twice this a trigger goes as well, and PSNR falls 0.07 dB further
OWN = 0.5  # share of the erased images with content of their own from which `auto` takes share targets
WARMUP = 5


@dataclass(frozen=True)
class ScuBounded(Method):
    """Joint unlearning whose force vanishes once the records are as strange as retraining would leave them.

    SCU lowers I(Z; D_e), what the representation tells of the erased records, without an end. Retraining has one: it
    loses only what the erased records alone taught, and goes on sending what the others teach. Three forces end there:

    share: loss = mean (1 - w) rec + forget_weight * mean w * -log(1 - p), over tokens, with the share w that the
           erased records have in all occurrences of a token. Words that only they hold are unlearned, others learned;
           the parameters of such a word alone (its vector) are first renewed, set to those of a fresh codec.
           For images, loss = rec_r + forget_weight * rec(received x_e against T), with the share target T, which is
           x_e with what only erased images show replaced by what a like kept image shows there (`share_target`).
    level: loss = rec_r + forget_weight * mean m * mean log(rec_e / m)^2, where m is the loss that a record would have
           at its SNR had the codec never seen it: by difference-in-differences from a quick reference, a fresh codec
           trained on the retain set.
    auto:  share where the request names terms, which only erased records hold, and for images where at least half of
           the erased ones show content of their own (w >= 0.9), such as a trigger; else level.

    Adam, warm-up, cosine decay to 0. Words that were renewed stay away when training goes on without them; without
    it, they come back. Where the request names such words the renewal alone (steps=1, rate=1e-12) has done as well as
    all of it, so steps of share have not been shown to add anything to it; run that control. Meeting the level is not erasing: training on the retain set brings part of the memory back,
    less of it after more steps at the rate of training. A short quick reference knows little of kinds of data, so
    that it sets the level of a whole class too low; more `quick`, or `level_scale`, raises it.

    Fields: force: see above ("auto"). steps: (None: 20 for share of words, 1.5 % of those of training for share of
            images, an eighth for level). rate: peak learning rate (None: 3e-4 for share of words, a quarter of that of
            training for share of images, that of training for level). batch: records of each set a step (32).
            forget_weight: (1). clip: largest gradient norm (1). power: of the share (4). renew: see share (True).
            quick: steps of the quick reference, as a share of those of training (0.1). level_scale: factor of m (1).
            Options off by default (0): brake_weight: of KL(q_u || q_0) on the erased records, where q_0 is that of the
            share target, if there is one (0.01 then took more of a trigger away); bound_weight: of an upper bound on
            I(Z; D_e), which `bound` names ("vub"); contrast_weight: of InfoNCE. The others helped nowhere.
    Reads:  forget set, retain set; validation set for level.
    Errors: ErasureError when a set is empty, share meets a codec without tokens, or the codec is damaged beyond
            numbers.
    Source: the share and the level are of this project, the frame and InfoNCE of SCU (see `scu_loss`).
    """

    force: Force = "auto"
    steps: int | None = None
    rate: float | None = None
    batch: int = 32
    forget_weight: float = 1.0
    power: float = 4.0
    quick: float = 0.1
    level_scale: float = 1.0
    renew: bool = True
    brake_weight: float = 0.0
    bound: Bound = "vub"
    bound_weight: float = 0.0
    contrast_weight: float = 0.0
    clip: float = 1.0

    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")

    def __post_init__(self) -> None:
        given = tuple(name for name in ("steps", "rate") if getattr(self, name) is not None)
        weights = ("forget_weight", "brake_weight", "bound_weight", "contrast_weight")
        check_numbers(self, positive=("batch", "power", "quick", "level_scale", "clip", *given), not_negative=weights)

    def erase(self, codec: NeuralCodec[Any], partition: Partition, context: Context) -> ErasedCodec:
        check_records(partition, ("forget", "retain"))
        began = time.monotonic()
        original = copy.deepcopy(codec).eval().requires_grad_(False)
        erased = copy.deepcopy(codec).eval()
        size = min(self.batch, len(partition.forget), len(partition.retain))
        forget = codec.prepare([record.payload for record in partition.forget]).to(codec.device)
        retain = Batches(codec, partition.retain, size, context.seed, "retain", codec.device)
        goal = self._goal(original, forget, retain.all, partition, context)
        if isinstance(goal, ShareTargets):
            forget = forget[goal.rows]
        elif isinstance(goal, Tensor) and self.renew:
            _renew(erased, context.fresh(), goal)
        steps, rate = self._plan(goal, context.training)
        optimiser = torch.optim.Adam(erased.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_at(step, steps, WARMUP))
        with Progress(context.label, steps) as progress:
            for step in range(steps):
                generator = generator_for(context.seed, "scu-bounded", step, device=codec.device)
                rows = torch.randperm(len(forget), generator=generator, device=codec.device)[:size]
                loss = self._loss(erased, original, forget[rows], rows, retain[step], goal, context, generator)
                if not loss.isfinite():
                    raise ErasureError(f"SCU diverged at step {step + 1}; lower its rate or its forget_weight.")
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(erased.parameters(), self.clip)
                optimiser.step()
                schedule.step()
                progress.step(f"loss {loss.item():.4f}")
        samples = 2 * size * steps
        level = isinstance(goal, Levels)
        notes: dict[str, float | str] = {"force": "level" if level else "share", "rate": rate}
        if isinstance(goal, ShareTargets):
            notes["own_content"] = goal.own()
        if isinstance(goal, Levels):
            quick = self._quick_training(context)
            samples += quick.steps * min(quick.batch, len(partition.retain))
            notes |= {"quick_steps": quick.steps, "mean_level": goal.losses.mean().item()}
        used = self.reads if level else self.reads[:2]
        return ErasedCodec(erased, used, time.monotonic() - began, steps, samples, notes)

    def _plan(self, goal: Goal, training: TrainingSettings) -> tuple[int, float]:
        """Steps and peak rate."""
        if isinstance(goal, Tensor):
            steps, rate = SHARE_STEPS, SHARE_RATE
        else:
            part, slower = (LEVEL_STEPS, 1.0) if isinstance(goal, Levels) else (TARGET_STEPS, TARGET_RATE)
            steps, rate = math.ceil(part * training.steps), slower * training.learning_rate
        return self.steps or steps, self.rate or rate

    def _goal(
        self, original: NeuralCodec[Any], forget: Any, retain: Any, partition: Partition, context: Context
    ) -> Goal:
        """What the force aims at: a share of every element id, share targets of images, or levels."""
        if original.modality == "image" and self.force != "level":
            generator = generator_for(context.seed, "share target", device=original.device)
            targets = share_targets(forget, retain, self.power, generator)
            if self.force == "share" or targets.own() >= OWN:
                return targets
        elif self.force == "share" or (self.force == "auto" and partition.terms):
            return self._shares(original, forget, retain)
        check_records(partition, ("validation",))
        return self._levels(original, partition, context)

    def _shares(self, codec: NeuralCodec[Any], forget: Any, retain: Any) -> Tensor:
        """w of every element id."""
        erased, kept = codec.element_ids(forget), codec.element_ids(retain)
        if erased is None or kept is None:
            raise ErasureError("force=share needs elements that can be counted, such as words; choose force=level.")
        return influence_shares(erased, kept, self.power)

    def _levels(self, original: NeuralCodec[Any], partition: Partition, context: Context) -> Levels:
        settings, seed = self._quick_training(context), seed_for(context.seed, "quick reference")
        quick = context.fresh()
        train(quick, partition.retain, partition.validation, context.channel, settings, seed, f"{context.label} level")
        return find_levels(quick, original, partition, context.channel, settings.snr_db, context.seed)

    def _quick_training(self, context: Context) -> TrainingSettings:
        training = context.training
        steps = max(1, round(self.quick * training.steps))
        return replace(training, steps=steps, validate=steps, warmup=math.ceil(training.warmup * self.quick))

    def _loss(
        self,
        erased: NeuralCodec[Any],
        original: NeuralCodec[Any],
        forget: Any,
        rows: Tensor,
        retain: Any,
        goal: Goal,
        context: Context,
        generator: torch.Generator,
    ) -> Tensor:
        """The loss of one step; `rows` says which records of the forget set these are."""
        law, channel = context.training.snr_db, context.channel
        snr_db = draw_snr(law, len(forget), generator)
        lost = transmit(erased, channel, forget, snr_db, generator)
        kept = transmit(erased, channel, retain, draw_snr(law, len(retain), generator), generator)
        if isinstance(goal, Levels):
            force = level_loss(erased.loss(forget, lost.reception), self.level_scale * goal.at(rows, snr_db))
            loss = erased.loss(retain, kept.reception).mean() + self.forget_weight * force
        elif isinstance(goal, ShareTargets):
            force = erased.loss(goal.images[rows], lost.reception).mean()
            loss = erased.loss(retain, kept.reception).mean() + self.forget_weight * force
        else:
            ids = erased.element_ids(forget)
            assert ids is not None  # or there were no shares
            loss = share_loss(
                erased.element_losses(forget, lost.reception),
                erased.element_losses(retain, kept.reception),
                torch.where(ids < 0, 0, goal[ids]),
                self.forget_weight,
            )
        if self.brake_weight:
            with torch.no_grad():
                frozen = original.represent(goal.images[rows] if isinstance(goal, ShareTargets) else forget)
            loss = loss + self.brake_weight * divergence(lost.posterior, frozen).mean()
        if self.bound_weight:
            loss = loss + self.bound_weight * information_bound(self.bound, lost.posterior, lost.latent)
        if self.contrast_weight:
            loss = loss + self.contrast_weight * info_nce(*contrast(erased, lost, kept, generator))
        return loss


@torch.no_grad()
def _renew(erased: NeuralCodec[Any], fresh: NeuralCodec[Any], shares: Tensor) -> None:
    """Gives the parameters of elements that only erased records hold the values of an untrained codec."""
    owned = (shares == 1).nonzero()[:, 0]
    for parameter, new in zip(erased.element_parameters(), fresh.element_parameters(), strict=True):
        parameter[owned] = new[owned].to(parameter.device)
