"""Relearning: does what was forgotten come back when training goes on?"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from semlink.channels import channel_of
from semlink.channels.contract import Channel
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import AuditError
from semlink.simulator.intervals import mean_interval
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.metrics import metrics_for
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry, measure
from semlink.simulator.sweep_settings import SweepSettings
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.audits.contract import Audit, AuditContext, first_retrained, versions_of
from semlink.unlearning.audits.losses import UNITS, record_losses
from semlink.unlearning.comparisons import compared_pairs
from semlink.unlearning.contract import Partition

COMPARED = ("erased", "retrained")
LEADING = ("term_recall", "psnr", "label_accuracy")  # what the request asks about, where the records have it
MEASURES = by_name(
    Measure("loss", "1", "lower", "Loss before relearning", "the loss before relearning", scale="free"),
    Measure(
        "relearned_loss",
        "1",
        "lower",
        "Loss after relearning",
        "the loss after relearning",
        "after training on kept records alone; below the retrained codec's, the records were only hidden",
        scale="free",
    ),
    Measure(
        "relearned_term_recall",
        "1",
        "higher",
        "Named words after relearning",
        "the share of named words recovered after relearning",
        "above the retrained codec's, the words were only hidden",
        interval="bootstrap",
    ),
    Measure(
        "relearned_psnr",
        "dB",
        "higher",
        "PSNR after relearning",
        "PSNR after relearning",
        "in dB; above the retrained codec's, the images were only hidden",
        scale="free",
    ),
    Measure(
        "relearned_label_accuracy",
        "1",
        "higher",
        "Classes inferred after relearning",
        "the share of classes inferred after relearning",
        "above the retrained codec's, the records were only hidden",
        interval="rate",
    ),
)


@dataclass(frozen=True)
class Relearn(Audit):
    """Trains copies of erased and retrained codecs alike, and compares what they then know of the forget set.

    shown = 0: on the retain set alone. No erased record is shown, so a loss that falls below the retrained codec's
               was only hidden, not erased.
    shown > 0: half of what is trained on are so many erased records, again and again, and the others are measured.
               This is what somebody does who still holds a few of them. A codec that keeps traces takes the others
               back sooner than the retrained one, also where the retain set never would bring them back.

    `loss` is before, `relearned_loss` after that training, on forget and test set; `relearned_term_recall` where the
    request names words, `relearned_psnr` for images, `relearned_label_accuracy` for classes. With `shown`, names end in
    `:shown=N`, and there is no `loss`. Each is also given as the paired difference erased minus retrained: 0 is what
    forgetting should give, and less loss, or more recall or PSNR, is memory. Retrained codecs of other seeds differ as
    well: of several each is trained again and has its rows, and the first is subtracted.

    Fields: steps: of training (300). rate: peak learning rate, with warm-up and cosine decay (3e-4). batch: records
            a step (64). draws: passages a record when measuring (4). records: at most so many of each set are
            measured (1000). shown: erased records that training sees (0).
    Errors: AuditError when the retrained codec is missing, a set is empty, or all erased records would be shown;
            SourceError when there is no validation set, which training reports on.
    """

    name: ClassVar[str] = "relearn"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    least: ClassVar[Mapping[str, int]] = {"draws": 1, "records": 2, "shown": 0}

    steps: int = 300
    rate: float = 3e-4
    batch: int = 64
    draws: int = 4
    records: int = 1000
    shown: int = 0

    def run(self, entries: Sequence[Entry], partition: Partition, context: AuditContext) -> list[Row]:
        before = [version for version in versions_of(entries, every=True) if version[0].version in COMPARED]
        channel = channel_of(context.channel)
        shown, hidden = self._training_records(partition, context.seed)
        settings, after = self._training(before[0][1], context.snr_db), []
        for entry, codec in before:
            relearned = copy.deepcopy(codec)
            label = f"relearn {context.experiment} {entry.method}"
            train(relearned, shown, partition.validation, channel, settings, context.seed, label)
            after.append((replace(entry, codec=relearned), relearned))
        hidden = subset(hidden, self.records, context.seed)
        sets = {"forget": hidden, "test": subset(partition.test, self.records, context.seed)}
        rows = [] if self.shown else self._losses("loss", before, sets, channel, context)
        rows += self._losses("relearned_loss", after, sets, channel, context)
        if "link" not in before[0][1].traits:  # nothing is sent, so nothing comes through
            return rows
        return rows + self._leading([entry for entry, _ in after], hidden, partition.terms, context)

    def _training_records(self, partition: Partition, seed: int) -> tuple[list[Record], list[Record]]:
        """What to train on, no more than the steps can use, and the erased records that it does not show."""
        retain = subset(partition.retain, self.steps * self.batch, seed)
        shown = subset(partition.forget, self.shown, seed) if self.shown else []
        ids = {record.id for record in shown}
        hidden = [record for record in partition.forget if record.id not in ids]
        if not hidden:
            raise AuditError(
                f"relearn would show all {len(partition.forget)} erased records, which leaves none to measure; "
                "give it a smaller shown."
            )
        times = -(-len(retain) // len(shown)) if shown else 0
        return [*retain, *shown * times], hidden

    def _training(self, codec: NeuralCodec[Any], snr_db: float) -> TrainingSettings:
        """A codec with an adversary needs less momentum, and no cut of the gradients of both players together."""
        settings = TrainingSettings(
            steps=self.steps,
            batch=self.batch,
            learning_rate=self.rate,
            warmup=min(50, self.steps // 10),
            snr_db=snr_db,
            validate=self.steps,
        )
        return replace(settings, momentum=0.5, keep="last", clip=1e3) if "adversary" in codec.traits else settings

    def _losses(
        self,
        metric: str,
        codecs: Sequence[tuple[Entry, NeuralCodec[Any]]],
        sets: Mapping[str, Sequence[Record]],
        channel: Channel,
        context: AuditContext,
    ) -> list[Row]:
        """Rows of the mean loss of each version on each set, and of the paired differences."""
        measure = replace(self._measure(metric), unit=UNITS.get(codecs[0][1].delivers, "1"))
        retrained = first_retrained([entry for entry, _ in codecs])
        rows = []
        for set_name, records in sets.items():
            losses = [
                record_losses(codec, records, channel, context.snr_db, self.draws, context.seed, set_name)
                for _, codec in codecs
            ]
            for (entry, _), mine in zip(codecs, losses, strict=True):
                rows.append(context.row(entry, set_name, measure, mean_interval(mine), self.draws))
                if entry.version == "erased":
                    difference = mean_interval(mine - losses[retrained])
                    rows.append(context.row(entry, set_name, measure, difference, self.draws, minus="retrained"))
        return rows

    def _leading(
        self, entries: Sequence[Entry], hidden: Sequence[Record], terms: tuple[str, ...], context: AuditContext
    ) -> list[Row]:
        """Rows of the leading metric of relearned codecs on the erased records that training did not show."""
        metrics = [
            metric
            for metric in metrics_for(entries[0].codec.delivers, terms)
            if not {*LEADING}.isdisjoint(metric.measures)
        ]
        if not metrics:  # sentences, and a request that names no words
            return []
        settings = SweepSettings((context.snr_db,), len(hidden), self.draws)
        rows = measure(
            entries, hidden, context.channel, "forget", metrics, settings, context.experiment, context.seed,
            compared_pairs(entries),
        )  # fmt: skip
        return [
            replace(row, metric=self._measure(f"relearned_{row.metric}").name) for row in rows if row.metric in LEADING
        ]

    def _measure(self, name: str) -> Measure:
        return MEASURES[name].with_setting(f"shown={self.shown}") if self.shown else MEASURES[name]
