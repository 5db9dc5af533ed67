"""Cascaded unlearning of a GAN: a step that unlearns, then steps that learn, again and again."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.codecs.generative.model import Adversarial
from semlink.codecs.task.batch import LabelledImages
from semlink.errors import ErasureError
from semlink.simulator.sources.subset import subset
from semlink.unlearning.contract import CountedBatches, Erasure, Method, Partition, Reads
from semlink.unlearning.methods.cascaded.choice import Choice, Players, choice_for
from semlink.unlearning.methods.cascaded.fake_label import Fake, make_fake_label
from semlink.unlearning.methods.cascaded.loss import UnlearningLoss
from semlink.unlearning.methods.cascaded.replay import Replay
from semlink.unlearning.methods.cascaded.score_rule import ScoreRule
from semlink.unlearning.methods.cascaded.substitute import Kind, make_substitute
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import Descent, descend, only_learning
from semlink.unlearning.methods.parts.retain_objective import retain_objective

FIRST = 20  # outer steps before the rule may end it
CHECK = 5  # outer steps between two measurements


@dataclass(frozen=True)
class Cascaded(Method):
    """Each outer step unlearns once, generator and discriminator together, and then trains `cascade` times on the rest.

    Unlearning (`UnlearningLoss`) gives erased images a fake label for the discriminator, and gives inputs of the
    generator that stand for them a substitute. The steps in between lower the codec's own objective on retained
    records. A sender with weights of its own moves in neither. For the fake labels see `FakeLabel`, for the substitutes
    `substituted` and `MeanCondition`; what "auto" chooses is what came closest to retrained GANs in measurements:

                                             fake      substitute        ends
      some records, plain or conditional     rank      none              by the rule
      some records, link                     rank      nearest           by the rule
      a class, conditional                   mean      mean-condition    after `outer`
      a class, not conditional               zero      none              after `outer`
      a class, link                          mean      none              after `outer`

    Without a substitute only the discriminator unlearns. In a link, no substitute for a class came closer to a
    retrained link than fine-tuning did.

    Fields: fake: label of erased images for the discriminator ("auto"). substitute: what the generator makes instead
            ("auto"; also "none"). players: who unlearns ("both", "generator", "discriminator").
            cascade: training steps after each unlearning step (2); without any, quality breaks down. outer: outer
            steps, at most (100). stop: "scores" ends by `ScoreRule` after 20 outer steps at the earliest, "none" after
            `outer` ("auto"). retained: retained records that are used (None: all); 0: none, the frozen original
            generates what training sees. batch: records a step (64). rate: learning rate, constant (None: peak of
            training). substitute_weight: (40, which is 10 for images in -1..1). adversarial_weight: (0.1).
            noise: standard deviation of what is added to z_e (0.05).
    Reads:  forget set; retain set, unless retained=0; validation set, for fake labels other than zero and the rule.
    Errors: ErasureError when a set is empty, the codec is damaged beyond numbers, or a choice does not fit the codec
            or the request; WrongField for numbers that make no sense.
    Source: H. Sun, T. Zhu, W. Chang and W. Zhou, Generative Adversarial Networks Unlearning, 2023: our reading of the
            abstract, which names the substitution, the fake label and the cascade, and not how they are chosen.
    """

    fake: Literal["auto"] | Fake = "auto"
    substitute: Literal["auto", "none"] | Kind = "auto"
    players: Players = "both"
    cascade: int = 2
    outer: int = 100
    stop: Literal["auto", "scores", "none"] = "auto"
    retained: int | None = None
    batch: int = 64
    rate: float | None = None
    substitute_weight: float = 40.0
    adversarial_weight: float = 0.1
    noise: float = 0.05

    name: ClassVar[str] = "cascaded"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")
    needs: ClassVar[frozenset[Trait]] = frozenset({"adversary"})

    def __post_init__(self) -> None:
        weights = ("substitute_weight", "adversarial_weight", "noise", "cascade", "retained")
        check_numbers(self, positive=("outer", "batch", "rate"), not_negative=weights)

    def sets(self, codec: NeuralCodec[Any], partition: Partition) -> tuple[Reads, ...]:
        return self._choice(codec, partition).reads

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        original, erased, partition, context = erasure.original, erasure.erased, erasure.partition, erasure.context
        assert isinstance(original, Adversarial)
        assert isinstance(erased, Adversarial)
        choice = self._choice(original, partition)
        forget, retain = erasure.batches("forget", self.batch), self._retain(original, erasure)
        unlearning = self._unlearning(choice, original, forget.all, retain, erasure)
        rule = ScoreRule(original, partition, context.seed) if choice.by_scores else None
        turns = 1 + self.cascade

        def loss(step: int, generator: torch.Generator) -> Tensor:
            outer, turn = divmod(step, turns)
            if turn == 0:
                return unlearning.of(erased, forget[outer], generator)
            return retain_objective(erased, retain[outer * self.cascade + turn - 1], context, generator)

        def after_step(done: int) -> tuple[str, bool]:
            outer, turn = divmod(done, turns)
            if rule is None or turn or outer % CHECK:
                return f"outer {outer}", False
            agreement = rule.measure(erased)
            return f"outer {outer}, p {agreement.p:.3f}", outer >= FIRST and rule.enough(agreement)

        training = context.training
        rate = training.learning_rate if self.rate is None else self.rate
        plan = Descent(self.outer * turns, rate, decay=False, clip=training.clip, momentum=training.momentum)
        senders = {id(parameter) for module in erased.sender for parameter in module.parameters()}
        with only_learning(erased, [value for value in erased.parameters() if id(value) not in senders]):
            done = descend(erasure, loss, plan, "cascaded", after_step)
        outer = -(-done // turns)
        erasure.samples += unlearning.samples(outer)
        erasure.notes |= {"outer": outer, "fake": choice.fake or "none", "substitute": choice.substitute or "none"}
        erasure.notes["stopped"] = "scores" if done < plan.steps else "outer"
        if rule:
            agreement = rule.measure(erased)
            erasure.notes |= {
                "ks_p": agreement.p,
                "retain_area": agreement.area,
                "retain_area_before": rule.before.area,
            }
            erasure.samples += rule.samples * (2 + outer // CHECK)
        if unlearning.substitute and unlearning.substitute.steps:
            erasure.steps += unlearning.substitute.steps
            erasure.notes["inversion_steps"] = unlearning.substitute.steps
        return erased

    def _choice(self, codec: NeuralCodec[Any], partition: Partition) -> Choice:
        if not isinstance(codec, Adversarial):
            raise ErasureError(
                "Cascaded unlearning needs a codec with a discriminator, such as gan; choose another method."
            )
        return choice_for(codec, partition, self.fake, self.substitute, self.players, self.stop, self.retained)

    def _retain(self, original: Adversarial, erasure: Erasure) -> CountedBatches | Replay:
        """The batches of the training steps in between."""
        partition, seed = erasure.partition, erasure.context.seed
        if self.retained == 0:
            conditional, classes = original.config.conditional, range(original.config.classes)
            return Replay(original, self.batch, seed, [c for c in classes if conditional and c not in partition.labels])
        records = partition.retain if self.retained is None else subset(partition.retain, self.retained, seed)
        return CountedBatches(erasure, records, self.batch, "retain")

    def _unlearning(
        self,
        choice: Choice,
        original: Adversarial,
        forget: LabelledImages,
        retain: CountedBatches | Replay,
        erasure: Erasure,
    ) -> UnlearningLoss:
        partition, context = erasure.partition, erasure.context
        label = choice.fake and make_fake_label(choice.fake, original, partition, context.seed)
        kept = retain.all if isinstance(retain, CountedBatches) else None
        substitute = choice.substitute and make_substitute(
            choice.substitute, original, forget, kept, context, partition.labels, self.noise
        )
        return UnlearningLoss(label, substitute, self.substitute_weight, self.adversarial_weight, self.batch)
