"""Relearning: does what was forgotten come back when training goes on?"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from semlink.channels import build_channel
from semlink.channels.contract import Channel
from semlink.codecs.contract import NeuralCodec
from semlink.errors import AuditError, WrongField
from semlink.simulator.intervals import mean_interval
from semlink.simulator.metrics import metrics_for
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry, SweepSettings, measure
from semlink.simulator.training import TrainingSettings, train
from semlink.unlearning.audits.contract import Audit, AuditContext, versions_of
from semlink.unlearning.audits.losses import record_losses
from semlink.unlearning.comparisons import compared_pairs
from semlink.unlearning.contract import Partition

COMPARED = ("erased", "retrained")
LEADING = ("term_recall", "psnr", "label_accuracy")  # what the request asks about, where the records have it
UNITS = {"text": "nats/token", "class": "nats"}


@dataclass(frozen=True)
class Relearn(Audit):
    """Trains copies of the erased and the retrained codec alike, and compares what they then know of the forget set.

    shown = 0: on the retain set alone. No erased record is shown, so a loss that falls below the retrained codec's
               was only hidden, not erased.
    shown > 0: half of what is trained on are so many erased records, again and again, and the others are measured.
               This is what somebody does who still holds a few of them. A codec that keeps traces takes the others
               back sooner than the retrained one, also where the retain set never would bring them back.

    `loss` is before, `relearned_loss` after that training, on forget and test set; `relearned_term_recall` where the
    request names words, `relearned_psnr` for images, `relearned_label_accuracy` for classes. With `shown`, names end in `:shown=N`, and there is no `loss`.
    Each also as the paired difference erased minus retrained, where 0 is what forgetting should give and less loss,
    or more recall or PSNR, is memory. Retrained codecs of other seeds differ too.

    Fields: steps: of training (300). rate: peak learning rate, with warm-up and cosine decay (3e-4). batch: records
            a step (64). draws: passages a record when measuring (4). records: at most so many of each set are
            measured (1000). shown: erased records that training sees (0).
    Errors: AuditError when the retrained codec is missing, a set is empty, or all erased records would be shown;
            SourceError when there is no validation set, which training reports on.
    """

    steps: int = 300
    rate: float = 3e-4
    batch: int = 64
    draws: int = 4
    records: int = 1000
    shown: int = 0

    def __post_init__(self) -> None:
        for name, least in (("draws", 1), ("records", 2), ("shown", 0)):
            if getattr(self, name) < least:
                raise WrongField(f"relearn cannot take {name}={getattr(self, name)}; give at least {least}.")

    def run(self, entries: Sequence[Entry], partition: Partition, setting: AuditContext) -> list[Row]:
        before = [version for version in versions_of(entries) if version[0].version in COMPARED]
        channel = build_channel(setting.channel)
        lesson, hidden = self._lesson(partition, setting.seed)
        settings, after = self._training(before[0][1], setting.snr_db), []
        for entry, codec in before:
            relearned = copy.deepcopy(codec)
            label = f"relearn {setting.experiment} {entry.method}"
            train(relearned, lesson, partition.validation, channel, settings, setting.seed, label)
            after.append((replace(entry, codec=relearned), relearned))
        hidden = subset(hidden, self.records, setting.seed)
        sets = {"forget": hidden, "test": subset(partition.test, self.records, setting.seed)}
        rows = [] if self.shown else self._losses("loss", before, sets, channel, setting)
        rows += self._losses("relearned_loss", after, sets, channel, setting)
        if "link" not in before[0][1].traits:  # nothing is sent, so nothing comes through
            return rows
        return rows + self._leading([entry for entry, _ in after], hidden, partition.terms, setting)

    def _lesson(self, partition: Partition, seed: int) -> tuple[list[Record], list[Record]]:
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
        setting: AuditContext,
    ) -> list[Row]:
        """Rows of the mean loss of each version on each set, and of the paired differences."""
        name, unit = self._named(metric), UNITS.get(codecs[0][1].delivers, "1")
        rows = []
        for set_name, records in sets.items():
            losses = [
                record_losses(codec, records, channel, setting.snr_db, self.draws, setting.seed, set_name)
                for _, codec in codecs
            ]
            for (entry, _), mine in zip(codecs, losses, strict=True):
                rows.append(setting.row(entry, set_name, name, mean_interval(mine), unit, self.draws))
                if entry.version == "erased":
                    apart = mean_interval(mine - losses[-1])
                    rows.append(setting.row(entry, set_name, name, apart, unit, self.draws, minus="retrained"))
        return rows

    def _leading(
        self, entries: Sequence[Entry], hidden: Sequence[Record], terms: tuple[str, ...], setting: AuditContext
    ) -> list[Row]:
        """Rows of the leading metric of relearned codecs on the erased records that training did not show."""
        metrics = [
            metric
            for metric in metrics_for(entries[0].codec.delivers, terms)
            if not {*LEADING}.isdisjoint(metric.names)
        ]
        settings = SweepSettings((setting.snr_db,), len(hidden), self.draws)
        pairs = compared_pairs(entries)
        found = measure(
            entries, hidden, setting.channel, "forget", metrics, settings, setting.experiment, setting.seed, pairs
        )
        return [replace(row, metric=self._named(f"relearned_{row.metric}")) for row in found if row.metric in LEADING]

    def _named(self, metric: str) -> str:
        return f"{metric}:shown={self.shown}" if self.shown else metric
